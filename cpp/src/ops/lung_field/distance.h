/// Euclidean distances on cells, exact up to a reach.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Distance in mm from each cell's centre to the nearest set cell's; infinite beyond the reach.
/// Up to there it is exact: the squared distance is the smallest sum over the three axes, taken one
/// axis after the other, and no axis has to look farther than the reach.
Cells<float> distance_to(const CellMask& mask, double reach_mm, const CellSpacing& spacing_mm);

/// Distance in mm of each set cell from the nearest cell that is not set, infinite beyond the
/// reach; 0 for the others.
Cells<float> depth_in(const CellMask& mask, double reach_mm, const CellSpacing& spacing_mm);

/// Cells no farther than a distance from the mask.
CellMask within_distance(const CellMask& mask, double distance_mm, const CellSpacing& spacing_mm);

/// Closing with a ball. Past the first and the last slice the mask goes on as it is there, so that
/// what the scan's end cuts through is not eaten.
CellMask close_with_ball(const CellMask& mask, double radius_mm, const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
