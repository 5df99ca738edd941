// Precision rewrites for a GPU, tested on the CPU, where torch computes the same graph.

#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/irparser.h>

#include "backend/engine_library.h"
#include "backend/torchscript/graph_nodes.h"
#include "backend/torchscript/precision.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Graph;

/// Two convolutions as a trace records them, the second one within a block, with TF32 as in torch's
/// settings at that time.
std::shared_ptr<Graph> traced() {
  auto graph = std::make_shared<Graph>();
  torch::jit::parseIR(R"(
graph(%x : Tensor, %w : Tensor, %b : Tensor):
  %no : bool = prim::Constant[value=0]()
  %yes : bool = prim::Constant[value=1]()
  %one : int = prim::Constant[value=1]()
  %zero : int = prim::Constant[value=0]()
  %ones : int[] = prim::ListConstruct(%one, %one)
  %zeros : int[] = prim::ListConstruct(%zero, %zero)
  %c : Tensor = aten::_convolution(%x, %w, %b, %ones, %ones, %ones,
                                   %no, %zeros, %one, %no, %no, %yes, %yes)
  %r : Tensor = aten::relu(%c)
  %p : Tensor = prim::If(%yes)
    block0():
      %d : Tensor = aten::_convolution(%r, %w, %b, %ones, %ones, %ones,
                                       %no, %zeros, %one, %no, %no, %yes, %yes)
      -> (%d)
    block1():
      -> (%r)
  %q : Tensor = aten::sigmoid(%p)
  return (%q))",
                      graph.get());
  return graph;
}

at::Tensor run(const std::shared_ptr<Graph>& graph, std::vector<c10::IValue> inputs) {
  torch::jit::GraphFunction function("forward", graph, nullptr);
  return function(std::move(inputs)).toTensor();
}

/// A setting of cuDNN in every convolution.
std::vector<bool> flags(const std::shared_ptr<Graph>& graph, std::size_t input) {
  std::vector<bool> found;
  for (const torch::jit::Node* node : all_nodes(*graph->block())) {
    if (std::string(node->kind().toQualString()) == "aten::_convolution") {
      found.push_back(torch::jit::toIValue(node->input(input))->toBool());
    }
  }
  return found;
}

constexpr std::size_t kBenchmark = 9, kDeterministic = 10, kCudnn = 11, kTf32 = 12;

struct Operands {
  at::Tensor x = at::rand({1, 2, 8, 8}) * 2 - 1;
  at::Tensor w = at::rand({2, 2, 3, 3}) - 0.5;
  at::Tensor b = at::rand({2});
};

TEST(TorchScriptPrecision, EveryConvolutionIsToldWhetherToUseTf32) {
  ASSERT_EQ(flags(traced(), kTf32), (std::vector{true, true}));  // what was recorded
  for (const auto& [precision, expected] :
       {std::pair{kLungrtFp32, false}, {kLungrtTf32, true}, {kLungrtFp16, false}}) {
    const auto graph = traced();
    compute_in(precision, graph);
    EXPECT_EQ(flags(graph, kTf32), (std::vector{expected, expected}));
  }
}

TEST(TorchScriptPrecision, EveryConvolutionIsComputedByADeterministicAlgorithm) {
  ASSERT_EQ(flags(traced(), kDeterministic), (std::vector{false, false}));
  for (const LungrtPrecision precision : {kLungrtFp32, kLungrtTf32, kLungrtBf16, kLungrtFp16}) {
    const auto graph = traced();
    compute_in(precision, graph);
    EXPECT_EQ(flags(graph, kDeterministic), (std::vector{true, true}));
    EXPECT_EQ(flags(graph, kBenchmark), (std::vector{false, false}));
    EXPECT_EQ(flags(graph, kCudnn), (std::vector{true, true}));
  }
}

TEST(TorchScriptPrecision, Float32StaysWhatItWas) {
  const Operands o;
  const auto graph = traced();
  compute_in(kLungrtFp32, graph);
  EXPECT_TRUE(run(graph, {o.x, o.w, o.b}).equal(run(traced(), {o.x, o.w, o.b})));
}

TEST(TorchScriptPrecision, ReducedNetworksGiveNearlyTheSameInFloat32) {
  const Operands o;
  const at::Tensor expected = run(traced(), {o.x, o.w, o.b});
  for (const auto& [precision, type, tolerance] :
       {std::tuple{kLungrtBf16, at::kBFloat16, 2e-2}, {kLungrtFp16, at::kHalf, 2e-3}}) {
    const auto graph = traced();
    compute_in(precision, graph);
    const at::Tensor found = run(graph, {o.x, o.w, o.b});
    EXPECT_EQ(found.scalar_type(), at::kFloat);
    EXPECT_TRUE(found.allclose(expected, 0, tolerance));
    EXPECT_FALSE(found.equal(expected));  // it was computed in another precision
    const at::Tensor once = at::relu(at::conv2d(o.x.to(type), o.w.to(type), o.b.to(type), 1, 1));
    const at::Tensor twice = at::conv2d(once, o.w.to(type), o.b.to(type), 1, 1);
    EXPECT_TRUE(found.equal(at::sigmoid(twice.to(at::kFloat))));
  }
}

// A network of kind logits has no sigmoid or softmax at its end.
TEST(TorchScriptPrecision, LogitsAreReturnedInFloat32) {
  const at::Tensor input = at::rand({2, 5}), weight = at::rand({3, 5});
  for (const auto& [precision, type] :
       {std::pair{kLungrtBf16, at::kBFloat16}, {kLungrtFp16, at::kHalf}}) {
    auto graph = std::make_shared<Graph>();
    torch::jit::Value* x = graph->addInput("x");
    graph->registerOutput(graph->insert(c10::aten::linear, {x, graph->insertConstant(weight),
                                                            graph->insertConstant(c10::IValue())}));
    compute_in(precision, graph);
    const at::Tensor found = run(graph, {input});
    EXPECT_EQ(found.scalar_type(), at::kFloat);
    EXPECT_TRUE(found.equal(at::linear(input.to(type), weight.to(type)).to(at::kFloat)));
  }
}

TEST(TorchScriptPrecision, ConstantsAreConvertedOnceAndMayBeAbsent) {
  auto graph = std::make_shared<Graph>();
  torch::jit::Value* x = graph->addInput("x");
  const at::Tensor weight = at::rand({3, 5});
  torch::jit::Value* w = graph->insertConstant(weight);
  torch::jit::Value* none = graph->insertConstant(c10::IValue());
  graph->registerOutput(graph->insert(c10::aten::linear, {x, w, none}));
  compute_in(kLungrtBf16, graph);
  const at::Tensor input = at::rand({2, 5});
  const at::Tensor expected = at::linear(input.to(at::kBFloat16), weight.to(at::kBFloat16));
  EXPECT_TRUE(run(graph, {input}).equal(expected.to(at::kFloat)));
  int conversions = 0;
  for (torch::jit::Node* node : graph->nodes()) {
    if (node->kind() == c10::aten::to) ++conversions;
  }
  EXPECT_EQ(conversions, 2);  // of the input and of the result
}

TEST(TorchScriptPrecision, RefusesProductsThatTakeTheirPrecisionFromElsewhere) {
  const auto refused = [](const char* operation, LungrtPrecision precision) {
    auto graph = std::make_shared<Graph>();
    torch::jit::parseIR(std::string("graph(%x : Tensor, %w : Tensor):\n  %r : Tensor = aten::") +
                            operation + "(%x, %w)\n  return (%r)",
                        graph.get());
    try {
      compute_in(precision, graph);
    } catch (const engine_library::Failure& failure) {
      EXPECT_EQ(failure.status(), kLungrtBadArtifact);
      return std::string(failure.what()).find(operation) != std::string::npos;
    }
    return false;
  };
  for (const char* operation : {"conv2d", "conv3d", "convolution", "_convolution"}) {
    EXPECT_TRUE(refused(operation, kLungrtFp32)) << operation;
    EXPECT_TRUE(refused(operation, kLungrtBf16)) << operation;
  }
  for (const char* operation : {"matmul", "mm", "bmm"}) {
    EXPECT_FALSE(refused(operation, kLungrtFp32))
        << operation;  // its TF32 is turned off at run time
    EXPECT_TRUE(refused(operation, kLungrtFp16)) << operation;
  }
}

}  // namespace
}  // namespace lungrt::torchscript
