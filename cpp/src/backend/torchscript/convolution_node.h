/// Nodes of a traced graph: their constant inputs, and convolutions with the ReLU that follows.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace lungrt::torchscript {

/// Value of a node's input; nothing where the input does not exist or is not constant.
inline std::optional<c10::IValue> constant(const torch::jit::Node* node, std::size_t input) {
  if (input >= node->inputs().size()) return std::nullopt;
  return torch::jit::toIValue(node->input(input));
}

inline bool is_constant(const torch::jit::Node* node, std::size_t input, bool value) {
  const auto found = constant(node, input);
  return found && found->isBool() && found->toBool() == value;
}

inline bool is_constant(const torch::jit::Node* node, std::size_t input, std::int64_t value) {
  const auto found = constant(node, input);
  return found && found->isInt() && found->toInt() == value;
}

inline bool is_none(const torch::jit::Node* node, std::size_t input) {
  const auto found = constant(node, input);
  return found && found->isNone();
}

inline std::optional<std::vector<std::int64_t>> constant_list(const torch::jit::Node* node,
                                                              std::size_t input) {
  const auto found = constant(node, input);
  if (!found || !found->isIntList()) return std::nullopt;
  return found->toIntVector();
}

inline bool are_all(const std::optional<std::vector<std::int64_t>>& list, std::int64_t value) {
  return list && std::all_of(list->begin(), list->end(), [&](auto i) { return i == value; });
}

/// Constant input that is a float32 tensor.
inline std::optional<at::Tensor> constant_tensor(const torch::jit::Node* node, std::size_t input) {
  const auto found = constant(node, input);
  if (!found || !found->isTensor() || found->toTensor().scalar_type() != at::kFloat) {
    return std::nullopt;
  }
  return found->toTensor();
}

struct ConvolutionGeometry {
  std::vector<std::int64_t> stride;
  std::vector<std::int64_t> padding;
  std::vector<std::int64_t> dilation;
};

struct ConvolutionNode {
  torch::jit::Node* node;
  torch::jit::Node* relu;   ///< the only user of the convolution's result, or null
  at::Tensor weight, bias;  ///< bias may be undefined
  ConvolutionGeometry geometry;

  torch::jit::Value* input() const { return node->input(0); }
  torch::jit::Value* result() const { return (relu != nullptr ? relu : node)->output(); }
};

/// Reads a convolution that oneDNN's functions support: float32 constants, one group, not
/// transposed. Nothing for any other node.
std::optional<ConvolutionNode> read_convolution(torch::jit::Node* node);

}  // namespace lungrt::torchscript
