/// Convex hulls of masks, plane by plane.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Hull of the set cells of each slice.
CellMask axial_hulls(const CellMask& mask);

/// What lies in the hull of an axial, a coronal or a sagittal plane.
CellMask hulls_in_three_planes(const CellMask& mask);

}  // namespace lungrt::ops
