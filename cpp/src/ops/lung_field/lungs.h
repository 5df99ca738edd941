/// Which of the enclosed air is lung.
#pragma once

#include "ops/lung_field/tissue.h"

namespace lungrt::ops {

/// Enclosed pieces of air that are large and look like lung, with smaller ones near them.
/// \param air  enclosed air without airway and bowel gas
CellMask find_lungs(const CoarseGrid& grid, const Tissue& tissue, const CellMask& air);

}  // namespace lungrt::ops
