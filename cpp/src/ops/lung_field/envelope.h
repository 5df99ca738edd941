/// From aerated lung to where nodules may be.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// A lung with what lies at its wall: a ball closing, holes filled, the convex hulls of the three
/// planes where they are within 30 mm of it, and a margin of 12 mm. Chest-wall nodules,
/// consolidations and hilar masses are not aerated, so the lung's own air leaves them out.
CellMask lung_envelope(const CellMask& lung, const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
