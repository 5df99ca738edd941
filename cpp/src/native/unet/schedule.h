/// In which order the rows of a U-Net are computed, and how many of them must be kept.
#pragma once

#include <vector>

#include "native/unet/graph.h"

namespace lungrt::native {

/// Some rows of one node, all of whose inputs earlier steps have computed.
struct Step {
  int node;
  int first_row;
};

/// What there is of a node.
struct Extent {
  int height;
  int width;
  int kept_rows;  ///< the last so many rows are enough
};

/// A level's rows are used a few rows after they were computed, by the levels below it a little
/// later: no activation is ever whole in memory, and all that are alive fit into the nearer caches.
class UnetSchedule {
 public:
  /// For slices of this size. \pre the network takes them
  UnetSchedule(const UnetGraph& graph, int height, int width);

  const std::vector<Step>& steps() const { return steps_; }
  const Extent& extent(int node) const { return extents_[static_cast<std::size_t>(node)]; }

 private:
  std::vector<Step> steps_;
  std::vector<Extent> extents_;
};

}  // namespace lungrt::native
