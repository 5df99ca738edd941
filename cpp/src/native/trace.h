/// What the layers of a network gave, for comparing them one by one with the original.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lungrt::native {

/// Values of one layer, planes: [channels][slices][height][width], slices left out of 2-D ones.
struct LayerOutput {
  std::vector<int> shape;
  std::vector<float> values;
};

/// By the name of the eager network's module.
using Trace = std::map<std::string, LayerOutput>;

}  // namespace lungrt::native
