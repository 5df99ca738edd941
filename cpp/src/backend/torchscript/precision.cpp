#include "backend/torchscript/precision.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <string>

#include "backend/engine_library.h"
#include "backend/torchscript/graph_nodes.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

// Positions of inputs: _convolution(input, weight, bias, ..., allow_tf32), linear(input, weight,
// bias).
constexpr std::size_t kOperands = 3;
constexpr std::size_t kBenchmark = 9, kDeterministic = 10, kCudnn = 11, kAllowTf32 = 12;
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

/// Sets how cuDNN computes a convolution. The trace recorded the settings of the exporting process.
void set_cudnn(Graph& graph, Node& convolution, bool tf32) {
  convolution.replaceInput(kBenchmark, graph.insertConstant(false));
  convolution.replaceInput(kDeterministic, graph.insertConstant(true));
  convolution.replaceInput(kCudnn, graph.insertConstant(true));
  convolution.replaceInput(kAllowTf32, graph.insertConstant(tf32));
}

/// Converts the result to float32: logits are those of the last product.
void return_float32(Graph& graph) {
  const torch::jit::WithInsertPoint at_the_end(graph.return_node());
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    Value* output = graph.outputs()[i];
    if (!output->type()->isSubtypeOf(*c10::TensorType::get())) continue;
    graph.return_node()->replaceInput(i, graph.insert(c10::aten::to, {output, at::kFloat}));
  }
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
    if (is_convolution(*node)) set_cudnn(*graph, *node, precision == kLungrtTf32);
    if (!reduced) continue;
    if (is_convolution(*node) || is_any(*node, {"linear"})) {
      for (std::size_t i = 0; i < kOperands; ++i) convert_input(*graph, *node, i, type);
    } else if (is_any(*node, {"sigmoid", "softmax"})) {
      convert_input(*graph, *node, 0, at::kFloat);
    }
  }
  if (reduced) return_float32(*graph);
}

void compute_in(LungrtPrecision precision, torch::jit::Module& module) {
  compute_in(precision, module.get_method("forward").graph());
}

}  // namespace lungrt::torchscript
