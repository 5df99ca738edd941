// Layout of convolution weights after order_weights().

#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "backend/torchscript/channels_last.h"
#include "traced_graph.h"

namespace lungrt::torchscript {
namespace {

std::shared_ptr<torch::jit::Graph> network(const at::Tensor& weight, const std::string& ones,
                                           const std::string& zeros) {
  return traced_graph(R"(
graph(%x : Tensor, %w : Tensor, %b : Tensor):
  %no : bool = prim::Constant[value=0]()
  %one : int = prim::Constant[value=1]()
  %ones : int[] = prim::Constant[value=)" +
                          ones + R"(]()
  %zeros : int[] = prim::Constant[value=)" +
                          zeros + R"(]()
  %c : Tensor = aten::_convolution(%x, %w, %b, %ones, %ones, %ones,
                                   %no, %zeros, %one, %no, %no, %no, %no)
  return (%c))",
                      {weight, at::rand({weight.size(0)})});
}

TEST(TorchScriptChannelsLast, OneChannelIsLastToo) {
  const at::Tensor flat = at::rand({4, 1, 3, 5}), deep = at::rand({4, 1, 2, 3, 5});
  EXPECT_NE(flat.suggest_memory_format(), at::MemoryFormat::ChannelsLast);
  EXPECT_EQ(channels_last(flat).suggest_memory_format(), at::MemoryFormat::ChannelsLast);
  EXPECT_EQ(channels_last(deep).suggest_memory_format(), at::MemoryFormat::ChannelsLast3d);
  EXPECT_TRUE(channels_last(flat).equal(flat));
  EXPECT_TRUE(channels_last(deep).equal(deep));
}

TEST(TorchScriptChannelsLast, WhatAConvolutionMakesOfOneChannelIsNotCopiedBack) {
  const at::Tensor deep = at::rand({2, 1, 6, 7, 8}), flat = at::rand({2, 1, 6, 7});
  for (const auto& [graph, x, format] :
       {std::tuple{network(at::rand({8, 1, 3, 3, 3}), "[1, 1, 1]", "[0, 0, 0]"), deep,
                   at::MemoryFormat::ChannelsLast3d},
        {network(at::rand({8, 1, 3, 3}), "[1, 1]", "[0, 0]"), flat,
         at::MemoryFormat::ChannelsLast}}) {
    const at::Tensor expected = run(graph, x);
    order_weights(graph);
    const at::Tensor found = run(graph, x);
    EXPECT_TRUE(found.allclose(expected, 1e-5, 1e-5));
    EXPECT_TRUE(found.is_contiguous(format));
  }
}

}  // namespace
}  // namespace lungrt::torchscript
