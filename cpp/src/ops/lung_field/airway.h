/// Trachea and main bronchi: air that is no lung.
#pragma once

#include "ops/lung_field/tissue.h"

namespace lungrt::ops {

/// A chain of small round dark discs ringed by tissue from the top downwards, grown into the main
/// bronchi; empty where there is none that is long and central enough.
CellMask find_airway(const CoarseGrid& grid, const Tissue& tissue);

}  // namespace lungrt::ops
