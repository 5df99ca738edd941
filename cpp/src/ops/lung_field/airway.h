/// Trachea and main bronchi: air that is not lung.
#pragma once

#include "ops/lung_field/tissue.h"

namespace lungrt::ops {

/// Finds the airway: a chain of small, round, dark discs surrounded by tissue, from the top
/// downwards, grown into the main bronchi. Empty where no chain is long and central enough.
CellMask find_airway(const CoarseGrid& grid, const Tissue& tissue);

}  // namespace lungrt::ops
