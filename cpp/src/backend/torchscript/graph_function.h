/// A function of this library as a node of a graph.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <vector>

namespace lungrt::torchscript {

/// It is called by several threads at once, changes none of its inputs and returns none of them.
using NodeFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// Inserts a call where nodes are inserted now; its result. Such a graph cannot be saved.
torch::jit::Value* insert_call(torch::jit::Graph& graph,
                               const std::vector<torch::jit::Value*>& inputs,
                               NodeFunction function);

}  // namespace lungrt::torchscript
