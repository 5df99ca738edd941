/// Selection of lung among the enclosed air.
#pragma once

#include "ops/lung_field/tissue.h"

namespace lungrt::ops {

/// Finds the enclosed pieces of air that are large and look like lung, and smaller ones near them.
/// \param air  enclosed air without airway and bowel gas
CellMask find_lungs(const CoarseGrid& grid, const Tissue& tissue, const CellMask& air);

}  // namespace lungrt::ops
