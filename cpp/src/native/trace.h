/// Outputs of a network's layers, for comparing them one by one with the original.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lungrt::native {

/// Output of a layer: [channels][slices][height][width], without slices for 2-D networks.
struct LayerOutput {
  std::vector<int> shape;
  std::vector<float> values;
};

/// Outputs by the name of the module in the eager network.
using Trace = std::map<std::string, LayerOutput>;

}  // namespace lungrt::native
