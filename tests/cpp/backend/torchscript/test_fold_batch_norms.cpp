// Folded batch norms compared with the network as traced.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "backend/torchscript/fold_batch_norms.h"
#include "backend/torchscript/precision.h"
#include "traced_graph.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Graph;

constexpr auto kFlat = at::MemoryFormat::Contiguous;

/// Graph that starts with %n, a batch norm of x with this number of channels, before `lines`.
std::shared_ptr<Graph> network(const std::string& lines, std::int64_t channels,
                               std::vector<at::Tensor> weights, bool falling = false) {
  std::string inputs;
  for (std::size_t i = 0; i < weights.size(); ++i)
    inputs += ", %w" + std::to_string(i) + " : Tensor";
  // One channel has a negative weight, which reverses the order of its values.
  at::Tensor scale = at::rand({channels}) + 0.5;
  if (falling) scale[0] = -1;
  weights.insert(weights.begin(), {scale, at::rand({channels}), at::rand({channels}) * 3,
                                   at::rand({channels}) + 0.1});
  return traced_graph(R"(
graph(%x : Tensor, %scale : Tensor, %shift : Tensor, %mean : Tensor, %variance : Tensor)" +
                          inputs + R"():
  %no : bool = prim::Constant[value=0]()
  %yes : bool = prim::Constant[value=1]()
  %none : NoneType = prim::Constant()
  %one : int = prim::Constant[value=1]()
  %ten : float = prim::Constant[value=0.1]()
  %tiny : float = prim::Constant[value=0.00001]()
  %zeros : int[] = prim::Constant[value=[0, 0]]()
  %ones : int[] = prim::Constant[value=[1, 1]]()
  %twos : int[] = prim::Constant[value=[2, 2]]()
  %n : Tensor = aten::batch_norm(%x, %scale, %shift, %mean, %variance, %no, %ten, %tiny, %yes)
)" + lines,
                      weights);
}

at::Tensor weight(std::int64_t out, std::int64_t in, std::int64_t height = 3,
                  std::int64_t width = 3) {
  return at::rand({out, in, height, width}) - 0.5;
}

/// Line of a convolution of a value, with numbered weights and a padding.
std::string convolution(const std::string& result, const std::string& of, int number,
                        const std::string& padding, const std::string& stride = "%ones",
                        const std::string& transposed = "%no") {
  const std::string n = std::to_string(number), b = std::to_string(number + 1);
  return "  " + result + " : Tensor = aten::_convolution(" + of + ", %w" + n + ", %w" + b + ", " +
         stride + ", " + padding + ", %ones, " + transposed +
         ", %zeros, %one, %no, %no, %no, %no)\n";
}

enum class For { kCpu, kDevice };

void expect_the_same(const std::shared_ptr<Graph>& traced, const at::Tensor& x, int batch_norms,
                     int calls, For target) {
  const auto graph = target == For::kCpu ? traced : traced->copy();
  const at::Tensor expected = run(graph, x);
  if (target == For::kCpu) {
    fold_batch_norms(graph);
  } else {
    fold_batch_norms_on_device(graph, kLungrtFp32, x.suggest_memory_format() != kFlat);
  }
  EXPECT_EQ(count(graph, "aten::batch_norm"), batch_norms) << *graph;
  EXPECT_EQ(count(graph, "lungrt::call"), calls) << *graph;
  const at::Tensor found = run(graph, x);
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_TRUE(found.allclose(expected, 1e-4, 1e-4)) << *graph;
}

/// With the functions for a GPU, which run on any device, and with those for the CPU. The latter
/// change the graph.
void expect_the_same(const std::shared_ptr<Graph>& graph, const at::Tensor& x, int batch_norms,
                     int calls) {
  expect_the_same(graph, x, batch_norms, calls, For::kDevice);
  expect_the_same(graph, x, batch_norms, calls, For::kCpu);
}

at::Tensor image(std::int64_t channels, std::int64_t height = 12, std::int64_t width = 20,
                 std::int64_t images = 2) {
  return (at::rand({images, channels, height, width}) * 4 - 2)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(TorchScriptFoldBatchNorms, ABatchNormAndAConvolutionBecomeOne) {
  for (const bool relu : {false, true}) {
    for (const char* padding : {"%zeros", "%ones", "%twos"}) {
      for (const auto& [height, width] : {std::pair{3, 3}, {3, 5}, {5, 3}}) {
        const auto graph = [&] {
          return network(
              convolution("%c", "%n", 0, padding) +
                  (relu ? "  %r : Tensor = aten::relu(%c)\n  return (%r)" : "  return (%c)"),
              7, {weight(16, 7, height, width), at::rand({16}) - 0.5});
        };
        expect_the_same(graph(), image(7), 0, 1);
        expect_the_same(graph(), image(7, 230, 190), 0, 1);
      }
    }
  }
}

TEST(TorchScriptFoldBatchNorms, ImagesMayBeAllBorderAndHaveAnyLayout) {
  const auto graph = [] {
    return network(convolution("%c", "%n", 0, "%ones") + "  return (%c)", 5,
                   {weight(16, 5), at::rand({16})});
  };
  for (const auto& [height, width] : {std::pair{1, 1},
                                      {2, 2},
                                      {7, 1},
                                      {1, 41000},
                                      {41000, 1},
                                      {3, 14000},
                                      {14000, 2},
                                      {20500, 2}}) {
    expect_the_same(graph(), image(5, height, width), 0, 1);
  }
  expect_the_same(graph(), image(5).contiguous(), 0, 1);
  expect_the_same(graph(), image(5, 210, 200).contiguous(), 0, 1);
}

TEST(TorchScriptFoldBatchNorms, AConvolutionMayHaveNoBias) {
  const std::string line =
      "  %c : Tensor = aten::_convolution(%n, %w0, %none, %ones, %ones, %ones, %no, %zeros, %one, "
      "%no, %no, %no, %no)\n  return (%c)";
  expect_the_same(network(line, 4, {weight(16, 4)}), image(4), 0, 1);
}

// The interpreter merges equal nodes; these look alike but compute different results.
TEST(TorchScriptFoldBatchNorms, TwoConvolutionsOfOneBatchNormStayTwo) {
  expect_the_same(
      network(convolution("%c", "%n", 0, "%ones") + convolution("%d", "%n", 2, "%ones") +
                  "  %r : Tensor = aten::sub(%c, %d, %one)\n  return (%r)",
              8, {weight(16, 8), at::rand({16}), weight(16, 8), at::rand({16})}),
      image(8), 0, 2);
}

TEST(TorchScriptFoldBatchNorms, PoolsAreMovedBeforeTheBatchNormUnlessItTurnsTheOrder) {
  const auto pooled = [](const std::string& pool, bool falling) {
    return network("  %empty : int[] = prim::Constant[value=annotate(List[int], [])]()\n" + pool +
                       convolution("%c", "%p", 0, "%ones") + "  return (%c)",
                   16, {weight(16, 16), at::rand({16})}, falling);
  };
  const std::string mean =
      "  %p : Tensor = aten::avg_pool2d(%n, %twos, %empty, %zeros, %no, %yes, %none)\n";
  const std::string padded_mean =
      "  %p : Tensor = aten::avg_pool2d(%n, %twos, %empty, %ones, %no, %yes, %none)\n";
  const std::string maximum =
      "  %p : Tensor = aten::max_pool2d(%n, %twos, %empty, %zeros, %ones, %no)\n";
  expect_the_same(pooled(mean, true), image(16), 0, 1);
  expect_the_same(pooled(maximum, false), image(16), 0, 1);
  expect_the_same(pooled(maximum, true), image(16), 1, 0);
  expect_the_same(pooled(padded_mean, false), image(16), 1, 0);
}

/// Level of a U-Net: a normalised value is pooled, upsampled again and concatenated with itself.
std::shared_ptr<Graph> level(std::int64_t channels, std::int64_t up) {
  return network(
      "  %p : Tensor = aten::avg_pool2d(%n, %twos, %twos, %zeros, %no, %yes, %none)\n" +
          convolution("%d", "%p", 0, "%ones") + "  %r : Tensor = aten::relu(%d)\n" +
          convolution("%u", "%r", 2, "%zeros", "%twos", "%yes") +
          "  %both : Tensor[] = prim::ListConstruct(%u, %n)\n"
          "  %cat : Tensor = aten::cat(%both, %one)\n" +
          convolution("%c", "%cat", 4, "%ones") + "  %s : Tensor = aten::relu(%c)\n  return (%s)",
      channels,
      {weight(2 * channels, channels), at::rand({2 * channels}), weight(2 * channels, up, 2, 2),
       at::rand({up}), weight(16, channels + up), at::rand({16})});
}

TEST(TorchScriptFoldBatchNorms, ConcatenationsAreOfWhatIsBeforeTheBatchNorm) {
  for (const auto& [channels, up] : {std::pair{16, 32}, {7, 8}}) {
    const auto graph = level(channels, up);
    const at::Tensor large = image(channels, 210, 200);
    const at::Tensor expected = run(graph, large);
    expect_the_same(graph, image(channels), 0, 2);
    // Sums round by their largest values: an output near 0 is the difference of large ones.
    const double largest = expected.abs().max().item<double>();
    EXPECT_TRUE(run(graph, large).allclose(expected, 0.0, 1e-5 * largest));
    EXPECT_EQ(count(graph, "aten::cat"), 1);
  }
}

TEST(TorchScriptFoldBatchNorms, ConcatenationsWithoutABatchNormStay) {
  const std::string lines = convolution("%a", "%x", 0, "%ones") +
                            "  %both : Tensor[] = prim::ListConstruct(%a, %a)\n"
                            "  %cat : Tensor = aten::cat(%both, %one)\n" +
                            convolution("%c", "%cat", 2, "%ones") + "  return (%c)";
  const auto graph =
      network(lines, 4, {weight(16, 4), at::rand({16}), weight(8, 32), at::rand({8})});
  expect_the_same(graph, image(4), 0, 0);
  EXPECT_EQ(count(graph, "aten::_convolution"), 2);
}

TEST(TorchScriptFoldBatchNorms, WhatAnythingElseSeesIsNormalised) {
  const std::vector<at::Tensor> weights = {weight(16, 16), at::rand({16})};
  expect_the_same(network(convolution("%c", "%n", 0, "%ones") +
                              "  %r : Tensor = aten::add(%c, %n, %one)\n  return (%r)",
                          16, weights),
                  image(16), 1, 0);
  // A transposed convolution, and a padding for which the border cannot be computed.
  expect_the_same(network(convolution("%c", "%n", 0, "%zeros", "%twos", "%yes") + "  return (%c)",
                          16, {weight(16, 16, 2, 2), at::rand({16})}),
                  image(16), 1, 0);
  expect_the_same(
      network(convolution("%c", "%n", 0, "%ones", "%twos") + "  return (%c)", 16, weights),
      image(16), 1, 0);
}

TEST(TorchScriptFoldBatchNorms, OnADeviceTheResultHasTheLayoutOfTheWeights) {
  for (const bool channels_last : {false, true}) {
    const auto graph = network(convolution("%c", "%n", 0, "%ones") + "  return (%c)", 8,
                               {weight(16, 8), at::rand({16})});
    const at::Tensor x = image(8).contiguous();
    const at::Tensor expected = run(graph, x);
    fold_batch_norms_on_device(graph, kLungrtFp32, channels_last);
    const at::Tensor found = run(graph, x);
    EXPECT_TRUE(found.allclose(expected, 1e-4, 1e-4));
    EXPECT_EQ(found.suggest_memory_format(),
              channels_last ? at::MemoryFormat::ChannelsLast : kFlat);
  }
}

// A convolution without padding may have any stride and dilation.
TEST(TorchScriptFoldBatchNorms, WindowsMayBeApartAndHaveGaps) {
  for (const char* dilation : {"%ones", "%twos"}) {
    const std::string line = "  %c : Tensor = aten::_convolution(%n, %w0, %w1, %twos, %zeros, " +
                             std::string(dilation) +
                             ", %no, %zeros, %one, %no, %no, %no, %no)\n  return (%c)";
    expect_the_same(network(line, 4, {weight(16, 4), at::rand({16})}), image(4), 0, 1);
  }
}

/// The input's batch norm, a convolution, ReLU and another batch norm before a second convolution.
std::shared_ptr<Graph> two_batch_norms() {
  return network(convolution("%c", "%n", 0, "%ones") +
                     "  %r : Tensor = aten::relu(%c)\n"
                     "  %m : Tensor = aten::batch_norm(%r, %w4, %w5, %w6, %w7, %no, %ten, %tiny, "
                     "%yes)\n" +
                     convolution("%d", "%m", 2, "%ones") + "  return (%d)",
                 7,
                 {weight(16, 7), at::rand({16}), weight(4, 16), at::rand({4}), at::rand({16}) + 0.5,
                  at::rand({16}), at::rand({16}), at::rand({16}) + 0.1});
}

// Hounsfield units have to be normalised before they are rounded to few bits.
TEST(TorchScriptFoldBatchNorms, TheInputsStaysInReducedPrecisions) {
  for (const auto& [precision, batch_norms, calls] : {std::tuple{kLungrtFp32, 0, 2},
                                                      {kLungrtTf32, 1, 1},
                                                      {kLungrtBf16, 1, 1},
                                                      {kLungrtFp16, 1, 1}}) {
    const auto graph = two_batch_norms();
    fold_batch_norms_on_device(graph, precision, true);
    EXPECT_EQ(count(graph, "aten::batch_norm"), batch_norms);
    EXPECT_EQ(count(graph, "lungrt::call"), calls);
  }
}

TEST(TorchScriptFoldBatchNorms, ReducedPrecisionsComeAsNearAsWithoutFolding) {
  at::manual_seed(0);
  for (const auto& [precision, type] :
       {std::pair{kLungrtBf16, at::kBFloat16}, {kLungrtFp16, at::kHalf}}) {
    for (const bool channels_last : {false, true}) {
      const auto graph = two_batch_norms();
      const auto traced = graph->copy();
      const at::Tensor x = image(7) * 100 - 800;
      const at::Tensor exact = run(graph, x);
      fold_batch_norms_on_device(graph, precision, channels_last);
      compute_in(precision, graph);
      compute_in(precision, traced);
      const at::Tensor folded = run(graph, x);
      EXPECT_EQ(folded.scalar_type(), at::kFloat);
      EXPECT_TRUE(folded.equal(folded.to(type).to(at::kFloat)));  // was computed in this type
      const auto error = [&](const at::Tensor& found) {
        return (found - exact).abs().max().item<double>();
      };
      EXPECT_LT(error(folded), 2 * error(run(traced, x)));
      EXPECT_GT(error(folded), 0);
    }
  }
}

}  // namespace
}  // namespace lungrt::torchscript
