/// Calls of C++ functions as nodes of a graph.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <vector>

namespace lungrt::torchscript {

/// Function of a node. It may be called by several threads at once, and must neither change nor
/// return any of its inputs.
using NodeFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// Inserts a call at the graph's current insertion point. Such a graph cannot be saved.
/// \return the result of the call
torch::jit::Value* insert_call(torch::jit::Graph& graph,
                               const std::vector<torch::jit::Value*>& inputs,
                               NodeFunction function);

}  // namespace lungrt::torchscript
