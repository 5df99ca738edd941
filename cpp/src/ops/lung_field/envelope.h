/// Envelope of a lung: where its nodules may be.
#pragma once

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Extends a lung by what lies at its wall: closes it with a ball, fills holes, adds the convex
/// hulls in the three planes where they are within 30 mm of it, and adds a margin of 12 mm.
/// Chest-wall nodules, consolidations and hilar masses contain no air, so the aerated lung alone
/// would miss them.
CellMask lung_envelope(const CellMask& lung, const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
