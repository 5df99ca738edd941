/// Calls of C++ functions as nodes of a graph.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>

namespace lungrt::torchscript {

/// Function of a node. It may be called by several threads at once, and must neither change nor
/// return its input.
using NodeFunction = std::function<at::Tensor(const at::Tensor&)>;

/// Inserts a call at the graph's current insertion point. Such a graph cannot be saved.
/// \return the result of the call
torch::jit::Value* insert_call(torch::jit::Graph& graph, torch::jit::Value* input,
                               NodeFunction function);

}  // namespace lungrt::torchscript
