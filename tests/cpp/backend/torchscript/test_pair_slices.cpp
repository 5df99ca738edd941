// Paired slices compared with the network as traced.

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "backend/torchscript/pair_slices.h"
#include "traced_graph.h"

namespace lungrt::torchscript {
namespace {

struct Shape {
  std::int64_t inputs = 1, channels = 8, last = 8;
  int stride = 2;  // of the max pooling
};

std::shared_ptr<torch::jit::Graph> block(const Shape& shape) {
  const std::string stride =
      "%stride : int[] = prim::Constant[value=[" + std::to_string(shape.stride) + ", 2, 2]]()\n";
  return traced_graph(R"(
graph(%x : Tensor, %w1 : Tensor, %b1 : Tensor, %w2 : Tensor, %b2 : Tensor):
  )" + stride + R"(
  %no : bool = prim::Constant[value=0]()
  %one : int = prim::Constant[value=1]()
  %ones : int[] = prim::Constant[value=[1, 1, 1]]()
  %zeros : int[] = prim::Constant[value=[0, 0, 0]]()
  %window : int[] = prim::Constant[value=[2, 2, 2]]()
  %c : Tensor = aten::_convolution(%x, %w1, %b1, %ones, %ones, %ones,
                                   %no, %zeros, %one, %no, %no, %no, %no)
  %d : Tensor = aten::relu(%c)
  %e : Tensor = aten::_convolution(%d, %w2, %b2, %ones, %ones, %ones,
                                   %no, %zeros, %one, %no, %no, %no, %no)
  %f : Tensor = aten::relu(%e)
  %g : Tensor = aten::max_pool3d(%f, %window, %stride, %zeros, %ones, %no)
  return (%g))",
                      {at::rand({shape.channels, shape.inputs, 3, 3, 3}) - 0.5,
                       at::rand({shape.channels}) - 0.5,
                       at::rand({shape.last, shape.channels, 3, 3, 3}) - 0.5,
                       at::rand({shape.last}) - 0.5});
}

TEST(TorchScriptPairSlices, ComputesTheSameForEvenAndOddSizes) {
  for (const std::int64_t inputs : {1, 3}) {
    for (const auto& [depth, height, width] :
         {std::tuple{8, 12, 12}, {7, 12, 10}, {2, 5, 7}, {3, 2, 3}, {32, 9, 16}}) {
      const auto graph = block({.inputs = inputs});
      const at::Tensor x = at::rand({3, inputs, depth, height, width}) * 2 - 1;
      const at::Tensor expected = run(graph, x);
      pair_slices_anywhere(graph);
      ASSERT_EQ(count(graph, "lungrt::call"), 1);
      EXPECT_EQ(count(graph, "aten::_convolution"), 0);
      const at::Tensor found = run(graph, x);
      ASSERT_EQ(found.sizes(), expected.sizes());
      EXPECT_TRUE(found.allclose(expected, 1e-5, 1e-5)) << depth << ' ' << height << ' ' << width;
    }
  }
}

TEST(TorchScriptPairSlices, LeavesOtherBlocksAlone) {
  for (const Shape& shape :
       {Shape{.channels = 4}, Shape{.last = 16}, Shape{.channels = 16}, Shape{.stride = 1}}) {
    const auto graph = block(shape);
    pair_slices_anywhere(graph);
    EXPECT_EQ(count(graph, "lungrt::call"), 0);
    EXPECT_EQ(count(graph, "aten::_convolution"), 2);
  }
}

}  // namespace
}  // namespace lungrt::torchscript
