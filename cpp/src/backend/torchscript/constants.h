/// Constant inputs of a graph's nodes.
#pragma once

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
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

}  // namespace lungrt::torchscript
