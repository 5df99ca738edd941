/// Binary morphology on grids of cells, with cross-shaped neighbourhoods.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Erodes every slice once with the 4-neighbour cross. Cells beyond the edge count as set.
CellMask erode_in_slices(const CellMask& mask);
/// Dilates every slice with the 4-neighbour cross, `steps` times.
CellMask dilate_in_slices(const CellMask& mask, int steps = 1);
/// Dilates with the 6-neighbour cross, `steps` times.
CellMask dilate(const CellMask& mask, int steps = 1);
/// Flood fill: the seeds, and all cells that are connected to them through set cells of `within`
/// (6 neighbours).
CellMask reach(const CellMask& seeds, const CellMask& within);
/// Fills holes: sets every cell that is not connected to the edge of its slice through cells that
/// are not set (4 neighbours).
void fill_holes_in_slices(CellMask& mask);

}  // namespace lungrt::ops
