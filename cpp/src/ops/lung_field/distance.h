/// Euclidean distances on grids of cells, exact up to a limit.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Distance in mm from each cell's centre to that of the nearest set cell; infinite beyond
/// `reach_mm`. Exact up to there: the squared distance is a minimum of sums over the three axes,
/// which can be computed one axis after the other, each up to `reach_mm`.
Cells<float> distance_to(const CellMask& mask, double reach_mm, const CellSpacing& spacing_mm);

/// Distance in mm from each set cell to the nearest cell that is not set; infinite beyond
/// `reach_mm`, and 0 for cells that are not set.
Cells<float> depth_in(const CellMask& mask, double reach_mm, const CellSpacing& spacing_mm);

/// Cells within a distance of the mask.
CellMask within_distance(const CellMask& mask, double distance_mm, const CellSpacing& spacing_mm);

/// Morphological closing with a ball. The mask is continued beyond the first and last slice, so
/// that structures that the end of the scan cuts are not eroded there.
CellMask close_with_ball(const CellMask& mask, double radius_mm, const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
