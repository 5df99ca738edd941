/// Order in which the rows of a U-Net are computed, and how many rows must be kept.
#pragma once

#include <vector>

#include "native/unet/graph.h"

namespace lungrt::native {

/// Computes some rows of a node; earlier steps have computed their inputs.
struct Step {
  int node;
  int first_row;
};

/// Size of a node's output.
struct Extent {
  int height;
  int width;
  int kept_rows;  ///< number of rows that must be kept at the same time
};

/// Schedule of a U-Net. Rows are used soon after they were computed, so no activation is ever
/// completely in memory, and all rows that are still needed fit into the L1 and L2 caches.
class UnetSchedule {
 public:
  /// Schedule for slices of this size.
  /// \pre graph.takes(height, width)
  UnetSchedule(const UnetGraph& graph, int height, int width);

  const std::vector<Step>& steps() const { return steps_; }
  const Extent& extent(int node) const { return extents_[static_cast<std::size_t>(node)]; }

 private:
  std::vector<Step> steps_;
  std::vector<Extent> extents_;
};

}  // namespace lungrt::native
