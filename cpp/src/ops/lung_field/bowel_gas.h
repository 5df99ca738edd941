/// Gas of stomach and bowel that a thin diaphragm joins to a lung.
#pragma once

#include "ops/lung_field/coarse_grid.h"

namespace lungrt::ops {

/// The parts of `air` that are thick, very dark, smooth, and ringed by soft tissue. Nothing where
/// the air as a whole, or much of it, is like that: emphysema, whose bullae look the same.
CellMask find_bowel_gas(const CoarseGrid& grid, const CellMask& air);

}  // namespace lungrt::ops
