#include "backend/torchscript/pair_slices.h"

#include <ATen/Version.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <optional>
#include <utility>
#include <vector>

#include "backend/torchscript/constants.h"
#include "backend/torchscript/convolution_node.h"
#include "backend/torchscript/graph_function.h"
#include "backend/torchscript/paired_convolutions.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Node;
using torch::jit::Value;

constexpr std::int64_t kChannels = 8;  // half of a vector

/// Whether a node is max_pool3d(x, window, stride, padding, dilation, ceil_mode) over 2 x 2 x 2.
bool is_maximum(const Node* node) {
  const auto stride = constant_list(node, 2);
  return node->kind() == c10::aten::max_pool3d && are_all(constant_list(node, 1), 2) &&
         are_all(stride, 2) && are_all(constant_list(node, 3), 0) &&
         are_all(constant_list(node, 4), 1) && is_constant(node, 5, false);
}

std::optional<ConvolutionNode> convolution_to_8(Value* result) {
  Node* relu = result->node();
  if (relu->kind() != c10::aten::relu || result->uses().size() != 1) return std::nullopt;
  auto found = read_convolution(relu->input()->node());
  if (!found || found->relu != relu || !found->bias.defined() || found->weight.dim() != 5 ||
      found->weight.size(0) != kChannels || !are_all(found->weight.sizes().slice(2).vec(), 3) ||
      !are_all(found->geometry.stride, 1) || !are_all(found->geometry.padding, 1) ||
      !are_all(found->geometry.dilation, 1)) {
    return std::nullopt;
  }
  return found;
}

void pair_before(torch::jit::Graph& graph, Node* maximum) {
  const auto second = convolution_to_8(maximum->input(0));
  if (!second) return;
  const auto first = convolution_to_8(second->input());
  if (!first) return;
  const PairedConvolutions paired({first->weight, first->bias}, {second->weight, second->bias});
  const torch::jit::WithInsertPoint here(maximum);
  maximum->output()->replaceAllUsesWith(
      insert_call(graph, {first->input()},
                  [paired](const std::vector<at::Tensor>& x) { return paired(x[0]); }));
}

}  // namespace

void pair_slices_anywhere(std::shared_ptr<torch::jit::Graph> graph) {
  torch::jit::Inline(*graph);
  torch::jit::ConstantPropagation(graph);
  std::vector<Node*> maxima;
  for (Node* node : graph->nodes()) {
    if (is_maximum(node)) maxima.push_back(node);
  }
  for (Node* maximum : maxima) pair_before(*graph, maximum);
  torch::jit::EliminateDeadCode(graph);
}

void pair_slices(std::shared_ptr<torch::jit::Graph> graph) {
  // The same decision as oneDNN's, unless its settings differ from torch's.
  if (!mkldnn_convolution::is_available() || at::get_cpu_capability() != "AVX512") return;
  pair_slices_anywhere(std::move(graph));
}

}  // namespace lungrt::torchscript
