/// Lungs: their selection among the enclosed air, left and right, and where their nodules may be.
#pragma once

#include <vector>

#include "ops/lung_field/tissue.h"

namespace lungrt::ops {

/// Finds the enclosed pieces of air that are large and look like lung, and smaller ones near them.
/// \param air  enclosed air without airway and bowel gas
CellMask find_lungs(const CoarseGrid& grid, const Tissue& tissue, const CellMask& air);

/// Splits the mask into two lungs, if eroding it step by step separates two cores; otherwise
/// returns the mask as a whole.
std::vector<CellMask> split_sides(const CellMask& lungs, const CellSpacing& spacing_mm);

/// Extends a lung by what lies at its wall: closes it with a ball, fills holes, adds the convex
/// hulls in the three planes where they are within 30 mm of it, and adds a margin of 12 mm.
/// Chest-wall nodules, consolidations and hilar masses contain no air, so the aerated lung alone
/// would miss them.
CellMask lung_envelope(const CellMask& lung, const CellSpacing& spacing_mm);

}  // namespace lungrt::ops
