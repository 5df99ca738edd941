/// Components of a mask that was computed in parts: which of them may go on where it was not.
#pragma once

#include <vector>

#include "lungrt/mask.h"
#include "ops/slice_window.h"

namespace lungrt::ops {

/// A component of the eroded mask that may go on beyond what is known.
struct OpenComponent {
  VoxelIndex first, last;  ///< box around what is known of it, inclusive
  /// Where it may go on: a voxel that is set if everything unknown around it is.
  std::vector<VoxelIndex> leaks;
};

/// \param known  of each slice, the window outside of which the mask is not known (and is zero)
/// \throws Error kInvalidArgument where there is not one window a slice
std::vector<OpenComponent> open_components(const NoduleMask& mask,
                                           const std::vector<SliceWindow>& known);

}  // namespace lungrt::ops
