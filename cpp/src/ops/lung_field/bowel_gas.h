/// Gas in stomach and bowel, which may be connected to a lung across a thin diaphragm.
#pragma once

#include "ops/lung_field/coarse_grid.h"

namespace lungrt::ops {

/// Finds the parts of `air` that are thick, very dark, homogeneous and surrounded by soft tissue.
/// Empty where much of the air looks like that: then it is emphysema, whose bullae look the same.
CellMask find_bowel_gas(const CoarseGrid& grid, const CellMask& air);

}  // namespace lungrt::ops
