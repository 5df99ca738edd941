/// Separation of the left and right lung.
#pragma once

#include <vector>

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Splits the mask into two lungs, if eroding it step by step separates two cores; otherwise
/// returns the mask as a whole.
std::vector<CellMask> split_sides(const CellMask& lungs, const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
