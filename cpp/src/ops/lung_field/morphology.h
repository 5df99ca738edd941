/// Binary morphology on cells, with the cross of neighbours.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// One step with the 4-neighbour cross in every slice. Beyond the edge counts as set.
CellMask erode_in_slices(const CellMask& mask);
/// Steps with the 4-neighbour cross in every slice.
CellMask dilate_in_slices(const CellMask& mask, int steps = 1);
/// Steps with the 6-neighbour cross.
CellMask dilate(const CellMask& mask, int steps = 1);
/// What can be reached from the seeds through set cells of `within` (6 neighbours), seeds included.
CellMask reach(const CellMask& seeds, const CellMask& within);
/// Sets every cell that is cut off from its slice's edge by set cells (4 neighbours).
void fill_holes_in_slices(CellMask& mask);

}  // namespace lungrt::ops
