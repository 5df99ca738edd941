#include "backend/torchscript/precision.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <string>
#include <vector>

#include "backend/engine_library.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

// Positions of inputs: _convolution(input, weight, bias, ..., allow_tf32), linear(input, weight,
// bias).
constexpr std::size_t kOperands = 3;
constexpr std::size_t kAllowTf32 = 12;
constexpr std::size_t kConvolutionInputs = 13;

bool is_any(const Node& node, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) {
    return node.kind() == c10::Symbol::fromQualString(std::string("aten::") + name);
  });
}

bool is_convolution(const Node& node) {
  return is_any(node, {"_convolution"}) && node.inputs().size() == kConvolutionInputs;
}

/// Whether a node is a product whose precision depends on torch's settings or on its inputs' types.
bool is_unknown_product(const Node& node, bool reduced) {
  if (is_any(node, {"_convolution"})) return !is_convolution(node);
  return is_any(node, {"convolution", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
                       "conv_transpose2d", "conv_transpose3d", "cudnn_convolution"}) ||
         (reduced && is_any(node, {"matmul", "mm", "bmm", "addmm", "baddbmm", "einsum"}));
}

std::vector<Node*> all_nodes(Block& block) {
  std::vector<Node*> found;
  for (Node* node : block.nodes()) {
    found.push_back(node);
    for (Block* inner : node->blocks()) {
      const std::vector<Node*> below = all_nodes(*inner);
      found.insert(found.end(), below.begin(), below.end());
    }
  }
  return found;
}

/// Converts an input of a node to the type: a constant now, any other value when the graph runs.
void convert_input(Graph& graph, Node& node, std::size_t position, at::ScalarType type) {
  Value* value = node.input(position);
  const auto constant = torch::jit::toIValue(value);
  if (constant && constant->isNone()) return;  // no bias
  Value* converted = constant && constant->isTensor()
                         ? graph.insertConstant(constant->toTensor().to(type))
                         : graph.insert(c10::aten::to, {value, type});
  node.replaceInput(position, converted);
}

}  // namespace

void compute_in(LungrtPrecision precision, const std::shared_ptr<Graph>& graph) {
  torch::jit::Inline(*graph);
  const bool reduced = precision == kLungrtBf16 || precision == kLungrtFp16;
  const at::ScalarType type = precision == kLungrtBf16 ? at::kBFloat16 : at::kHalf;
  for (Node* node : all_nodes(*graph->block())) {
    if (is_unknown_product(*node, reduced)) {
      throw engine_library::Failure(
          kLungrtBadArtifact, std::string("the network has the operator ") +
                                  node->kind().toQualString() +
                                  ", whose precision on a GPU this engine cannot set; export it "
                                  "again, or run it on the CPU");
    }
    const torch::jit::WithInsertPoint here(node);
    if (is_convolution(*node)) {
      node->replaceInput(kAllowTf32, graph->insertConstant(precision == kLungrtTf32));
    }
    if (!reduced) continue;
    if (is_convolution(*node) || is_any(*node, {"linear"})) {
      for (std::size_t i = 0; i < kOperands; ++i) convert_input(*graph, *node, i, type);
    } else if (is_any(*node, {"sigmoid", "softmax"})) {
      convert_input(*graph, *node, 0, at::kFloat);
    }
  }
}

void compute_in(LungrtPrecision precision, torch::jit::Module& module) {
  compute_in(precision, module.get_method("forward").graph());
}

}  // namespace lungrt::torchscript
