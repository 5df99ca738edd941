/// Convex hulls of masks, plane by plane.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Convex hull of the set cells of each slice.
CellMask axial_hulls(const CellMask& mask);

/// Union of the convex hulls in the axial, coronal and sagittal planes.
CellMask hulls_in_three_planes(const CellMask& mask);

}  // namespace lungrt::ops
