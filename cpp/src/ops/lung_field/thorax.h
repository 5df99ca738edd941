/// Estimates from the bones where a lung contains no air.
#pragma once

#include "ops/lung_field/tissue.h"

namespace lungrt::ops {

/// Finds the bones of the body in the slices that have lung.
CellMask find_bone(const CoarseGrid& grid, const Tissue& tissue, const CellMask& lungs);

/// Column in the middle of the body, with as much bone on either side.
std::int64_t middle_column(const CellMask& bone);

/// Adds the mirror image of one side of the field to the other side where that has much less lung,
/// in the whole volume or around a slice: a collapsed or consolidated lung contains no air.
/// \return whether a side has much less lung in the whole volume (around some slices, the diaphragm
///         and the heart make every chest asymmetric)
bool mirror_lost_side(const CellMask& lungs, const CellMask& bone, const CellMask& body,
                      const CellSpacing& spacing_mm, CellMask& field);

/// Inside of the rib cage: in each slice, the convex hull of the field and the bones within 25 mm
/// of it.
CellMask rib_cage(const CellMask& field, const CellMask& lungs, const CellMask& bone,
                  const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
