/// Walk over the nodes of a graph.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <vector>

namespace lungrt::torchscript {

/// All nodes of a block and of the blocks within them, in order. The list stays as it is when nodes
/// are inserted or destroyed.
inline std::vector<torch::jit::Node*> all_nodes(torch::jit::Block& block) {
  std::vector<torch::jit::Node*> found;
  for (torch::jit::Node* node : block.nodes()) {
    found.push_back(node);
    for (torch::jit::Block* inner : node->blocks()) {
      const std::vector<torch::jit::Node*> below = all_nodes(*inner);
      found.insert(found.end(), below.begin(), below.end());
    }
  }
  return found;
}

}  // namespace lungrt::torchscript
