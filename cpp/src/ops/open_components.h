/// Components of a partially computed mask that may continue outside of the computed parts.
#pragma once

#include <vector>

#include "lungrt/mask.h"
#include "ops/slice_window.h"

namespace lungrt::ops {

/// Component of the eroded mask that may continue outside of the known windows.
struct OpenComponent {
  VoxelIndex first, last;  ///< bounding box of its known part, inclusive
  /// Voxels at which it may continue: set if all unknown voxels around them are set.
  std::vector<VoxelIndex> leaks;
};

/// Finds the open components.
/// \param known  for each slice, the window outside of which the mask is unknown (and zero)
/// \throws Error kInvalidArgument where there is not one window per slice
std::vector<OpenComponent> open_components(const NoduleMask& mask,
                                           const std::vector<SliceWindow>& known);

}  // namespace lungrt::ops
