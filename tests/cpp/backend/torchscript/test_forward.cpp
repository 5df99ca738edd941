// How forward() is run, seen by a node of the graph.

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <vector>

#include "backend/torchscript/forward.h"
#include "backend/torchscript/graph_function.h"

namespace lungrt::torchscript {
namespace {

/// Module that notes for each run whether torch's rewriting of graphs is on.
torch::jit::Module noting(std::vector<bool>& notes) {
  torch::jit::Module module("network");
  module.define("def forward(self, x):\n  return x + 1\n");
  const auto graph = module.get_method("forward").graph();
  torch::jit::Value* result = graph->outputs()[0];
  const torch::jit::WithInsertPoint at_the_end(graph->return_node());
  graph->return_node()->replaceInput(0, insert_call(*graph, result, [&notes](const at::Tensor& x) {
                                       notes.push_back(torch::jit::getGraphExecutorOptimize());
                                       return x * 2;
                                     }));
  return module;
}

TEST(TorchScriptForward, OfAGraphAsWrittenIsNotRewrittenByTorch) {
  std::vector<bool> notes;
  const torch::jit::Module module = noting(notes);
  for (const std::int64_t size : {2, 3, 4, 2}) {
    EXPECT_TRUE(run_as_written(module, at::ones({size})).equal(at::ones({size}) * 4));
  }
  EXPECT_EQ(notes, std::vector<bool>(4, false));
  EXPECT_TRUE(torch::jit::getGraphExecutorOptimize());  // the application's own, as it was
}

}  // namespace
}  // namespace lungrt::torchscript
