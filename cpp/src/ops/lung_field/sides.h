/// Left and right lung.
#pragma once

#include <vector>

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// The lungs apart, where two cores part when the mask is eroded step by step; else all in one.
std::vector<CellMask> split_sides(const CellMask& lungs, const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
