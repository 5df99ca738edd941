/// Graphs as in a frozen trace, with constant weights.
#pragma once

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/irparser.h>

#include <memory>
#include <string>
#include <vector>

namespace lungrt::torchscript {

/// Parses a graph and replaces all inputs except the first one by constants.
inline std::shared_ptr<torch::jit::Graph> traced_graph(const std::string& text,
                                                       const std::vector<at::Tensor>& weights) {
  auto graph = std::make_shared<torch::jit::Graph>();
  torch::jit::parseIR(text, graph.get());
  const torch::jit::WithInsertPoint here(*graph->nodes().begin());
  for (const at::Tensor& weight : weights) {
    graph->inputs()[1]->replaceAllUsesWith(graph->insertConstant(weight));
    graph->eraseInput(1);
  }
  return graph;
}

inline at::Tensor run(const std::shared_ptr<torch::jit::Graph>& graph, const at::Tensor& x) {
  // A copy, because the interpreter rewrites its graph.
  torch::jit::GraphFunction function("forward", graph->copy(), nullptr);
  return function({x}).toTensor();
}

inline int count(const std::shared_ptr<torch::jit::Graph>& graph, const char* kind) {
  int found = 0;
  for (const torch::jit::Node* node : graph->nodes()) {
    if (node->kind() == c10::Symbol::fromQualString(kind)) ++found;
  }
  return found;
}

}  // namespace lungrt::torchscript
