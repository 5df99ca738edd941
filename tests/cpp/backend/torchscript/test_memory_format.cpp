// Layouts of weights on a GPU, tested with tensors on the CPU.

#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "backend/torchscript/graph_nodes.h"
#include "backend/torchscript/memory_format.h"
#include "backend/torchscript/precision.h"
#include "traced_graph.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Graph;

constexpr auto kFlat = at::MemoryFormat::Contiguous;

/// Two convolutions of slices, the second one in a block, and one of volumes, whose weights are as
/// the exporter froze them: channels-last.
std::shared_ptr<Graph> frozen(bool channels_last = true) {
  const auto weight = [&](std::initializer_list<std::int64_t> sizes) {
    const auto last =
        sizes.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d;
    return at::empty(sizes, at::TensorOptions().memory_format(channels_last ? last : kFlat))
        .uniform_();
  };
  return traced_graph(
      R"(
graph(%x : Tensor, %w0 : Tensor, %w1 : Tensor, %w2 : Tensor, %b : Tensor):
  %no : bool = prim::Constant[value=0]()
  %yes : bool = prim::Constant[value=1]()
  %one : int = prim::Constant[value=1]()
  %zeros : int[] = prim::Constant[value=[0, 0]]()
  %ones : int[] = prim::Constant[value=[1, 1]]()
  %zeros3 : int[] = prim::Constant[value=[0, 0, 0]]()
  %ones3 : int[] = prim::Constant[value=[1, 1, 1]]()
  %c : Tensor = aten::_convolution(%x, %w0, %b, %ones, %ones, %ones, %no, %zeros, %one, %no, %no,
                                   %yes, %yes)
  %d : Tensor = prim::If(%yes)
    block0():
      %e : Tensor = aten::_convolution(%c, %w1, %b, %ones, %ones, %ones, %no, %zeros, %one, %no,
                                       %no, %yes, %yes)
      -> (%e)
    block1():
      -> (%c)
  %v : Tensor = aten::unsqueeze(%d, %one)
  %f : Tensor = aten::_convolution(%v, %w2, %b, %ones3, %ones3, %ones3, %no, %zeros3, %one, %no,
                                   %no, %yes, %yes)
  return (%f))",
      {weight({4, 3, 3, 3}), weight({4, 4, 3, 3}), weight({4, 1, 3, 3, 3}), at::rand({4})});
}

std::vector<at::Tensor> weights_of(const std::shared_ptr<Graph>& graph) {
  std::vector<at::Tensor> weights;
  for (const torch::jit::Node* node : all_nodes(*graph->block())) {
    if (node->kind() == c10::aten::_convolution) {
      weights.push_back(torch::jit::toIValue(node->input(1))->toTensor());
    }
  }
  return weights;
}

TEST(TorchScriptMemoryFormat, FollowsThePrecisionUnlessItIsChosen) {
  EXPECT_FALSE(wants_channels_last(kLungrtFp32, MemoryFormat::kAuto));
  for (const LungrtPrecision precision : {kLungrtTf32, kLungrtBf16, kLungrtFp16}) {
    EXPECT_TRUE(wants_channels_last(precision, MemoryFormat::kAuto));
    EXPECT_FALSE(wants_channels_last(precision, MemoryFormat::kContiguous));
  }
  EXPECT_TRUE(wants_channels_last(kLungrtFp32, MemoryFormat::kChannelsLast));
}

// As a session on a GPU prepares them, whatever the exporter froze.
TEST(TorchScriptMemoryFormat, WeightsHaveTheStridesThatEachPrecisionAsksFor) {
  for (const bool exported_channels_last : {true, false}) {
    for (const LungrtPrecision precision : {kLungrtFp32, kLungrtTf32, kLungrtBf16, kLungrtFp16}) {
      const bool channels_last = wants_channels_last(precision, MemoryFormat::kAuto);
      const auto graph = frozen(exported_channels_last);
      lay_out_weights(graph, channels_last);
      compute_in(precision, graph);
      const std::vector<at::Tensor> weights = weights_of(graph);
      ASSERT_EQ(weights.size(), 3U);
      for (const at::Tensor& weight : weights) {
        const auto last =
            weight.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d;
        EXPECT_TRUE(weight.is_contiguous(channels_last ? last : kFlat)) << weight.strides();
        // One input channel: both layouts are the same bytes, but not the same strides.
        EXPECT_EQ(weight.suggest_memory_format(), channels_last ? last : kFlat);
      }
    }
  }
}

TEST(TorchScriptMemoryFormat, ActivationsFollowTheWeights) {
  for (const bool channels_last : {false, true}) {
    const auto graph = frozen(!channels_last);
    lay_out_weights(graph, channels_last);
    const at::Tensor result = run(graph, at::rand({2, 3, 8, 8}));
    EXPECT_EQ(result.suggest_memory_format(),
              channels_last ? at::MemoryFormat::ChannelsLast3d : kFlat);
  }
}

TEST(TorchScriptMemoryFormat, ValuesStayTheSame) {
  const auto graph = frozen();
  const std::vector<at::Tensor> before = weights_of(graph);
  lay_out_weights(graph, false);
  const std::vector<at::Tensor> after = weights_of(graph);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(before[i].equal(after[i]));
}

TEST(TorchScriptMemoryFormat, AttributesOfAModuleThatWasNotFrozenAreLaidOut) {
  torch::jit::Module module("network");
  const at::Tensor weight = at::rand({4, 3, 3, 3});
  module.register_parameter("weight", weight, false);
  module.define("def forward(self, x):\n  return torch.conv2d(x, self.weight)\n");
  lay_out_weights(module, true);
  EXPECT_TRUE(module.attr("weight").toTensor().is_contiguous(at::MemoryFormat::ChannelsLast));
  lay_out_weights(module, false);
  EXPECT_TRUE(module.attr("weight").toTensor().is_contiguous());
  EXPECT_TRUE(module.attr("weight").toTensor().equal(weight));
}

}  // namespace
}  // namespace lungrt::torchscript
