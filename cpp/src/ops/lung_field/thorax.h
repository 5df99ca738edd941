/// What the bones tell where a lung cannot be seen.
#pragma once

#include "ops/lung_field/tissue.h"

namespace lungrt::ops {

/// Bone of the body in the slices that have lung.
CellMask find_bone(const CoarseGrid& grid, const Tissue& tissue, const CellMask& lungs);

/// Column in the body's middle: as much bone on either side.
std::int64_t middle_column(const CellMask& bone);

/// Copies the field of one side to the other where a side has much less lung, on the whole or
/// around a slice: a lung that is collapsed or consolidated has no air to be found by.
/// \return whether a side has much less on the whole; around some slices the domes of the diaphragm
///         and the heart make every chest uneven
bool mirror_lost_side(const CellMask& lungs, const CellMask& bone, const CellMask& body,
                      const CellSpacing& spacing_mm, CellMask& field);

/// The hull, slice by slice, of the field and the bones within 25 mm of it: the rib cage's inside.
CellMask rib_cage(const CellMask& field, const CellMask& lungs, const CellMask& bone,
                  const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
