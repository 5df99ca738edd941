#include "backend/torchscript/convolution_node.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Node;

// Positions of the inputs of aten::_convolution.
enum Input : std::size_t {
  kWeight = 1,
  kBias,
  kStride,
  kPadding,
  kDilation,
  kTransposed,
  kOutputPadding,
  kGroups
};

Node* relu_behind(const Node* node) {
  if (node->output()->uses().size() != 1) return nullptr;
  Node* user = node->output()->uses()[0].user;
  return user->kind() == c10::aten::relu ? user : nullptr;
}

}  // namespace

std::optional<ConvolutionNode> read_convolution(Node* node) {
  if (node->kind() != c10::aten::_convolution || !is_constant(node, kTransposed, false) ||
      !is_constant(node, kGroups, std::int64_t{1})) {
    return std::nullopt;
  }
  const auto weight = constant_tensor(node, kWeight), bias = constant_tensor(node, kBias);
  const auto stride = constant_list(node, kStride), padding = constant_list(node, kPadding),
             dilation = constant_list(node, kDilation);
  if (!weight || !(bias || is_none(node, kBias)) || !stride || !padding || !dilation) {
    return std::nullopt;
  }
  return ConvolutionNode{.node = node,
                         .relu = relu_behind(node),
                         .weight = *weight,
                         .bias = bias.value_or(at::Tensor()),
                         .geometry = {*stride, *padding, *dilation}};
}

}  // namespace lungrt::torchscript
