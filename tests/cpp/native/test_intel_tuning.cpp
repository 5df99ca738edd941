// Tuning changes the order of no sum. Tests of kernels and networks run for the
// tables of intel_tuning.h, too; here, tables with and without that tuning are compared.

#include "native/classifier/classifier.h"
#include "native/kernel_test.h"
#include "native/kernels/tuning.h"
#include "native/unet/run.h"
#include "native/weights_file.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

static_assert(kAvx512IntelTuning.few_pixels == kAvx512Tuning.few_pixels);
static_assert(kAvx512IntelTuning.pixels != kAvx2Tuning.pixels &&
                  kAvx512IntelTuning.chunk_tiles != kAvx2Tuning.chunk_tiles &&
                  kAvx512IntelTuning.prefetch_input != kPortableTuning.prefetch_input &&
                  kAvx512IntelTuning.prefetch_output != kPortableTuning.prefetch_output,
              "the comparison would compare a table with itself");

class IntelTuning : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    if (!is_supported(GetParam())) {
      GTEST_SKIP() << "this processor does not support " << to_string(GetParam());
    }
  }
  static const Kernels& usual() { return kernels_for(GetParam()); }
  static const Kernels& tuned() {
    return GetParam() == InstructionSet::kAvx512 ? kernels_for(InstructionSet::kAvx512Intel)
                                                 : Table{GetParam(), true}.kernels();
  }
};
INSTANTIATE_TEST_SUITE_P(All, IntelTuning,
                         ::testing::Values(InstructionSet::kPortable, InstructionSet::kAvx2,
                                           InstructionSet::kAvx512),
                         [](const auto& set) { return std::string(to_string(set.param)); });

// Of sizes that are whole tiles on every level. Elsewhere, tiles include what a kernel wrote past
// the end of a row, which depends on few_pixels and cancels except for rounding; kAvx512Tuning has
// the same few_pixels.
TEST_P(IntelTuning, ChangesNoBitOfASlice) {
  UnetOptions options;
  options.widths = {16, 20, 33};
  options.max_pooling = true;
  Tensors tensors = unet_file(options, 1).tensors();
  const UnetGraph graph(options, tensors, Algorithm::kWinograd);
  for (const auto& [height, width] : {std::pair{16, 16}, {4, 48}, {60, 144}, {12, 272}}) {
    SCOPED_TRACE(::testing::Message() << height << " x " << width);
    const auto pixels = size_of(height * width);
    const std::vector<float> slice = Random(2).values(pixels * size_of(options.in_channels));
    std::vector<float> expected(pixels), found(pixels);
    UnetRun(graph, usual(), height, width).run(slice.data(), expected.data());
    UnetRun(graph, tuned(), height, width).run(slice.data(), found.data());
    EXPECT_EQ(found, expected);
  }
}

TEST_P(IntelTuning, ChangesNoBitOfACrop) {
  ClassifierOptions options;
  options.widths = {8, 16, 40};
  for (const std::array<int, 3>& crop : {std::array{8, 8, 8}, {9, 31, 66}, {32, 48, 48}}) {
    SCOPED_TRACE(crop[2]);
    options.crop = crop;
    Tensors tensors = classifier_file(options, 3).tensors();
    const Classifier classifier(options, tensors, Algorithm::kWinograd);
    const std::vector<float> values = Random(4).values(size_of(crop[0] * crop[1] * crop[2]));
    std::vector<float> expected(2), found(2);
    ClassifierRun(classifier, usual()).run(values.data(), expected.data());
    ClassifierRun(classifier, tuned()).run(values.data(), found.data());
    EXPECT_EQ(found, expected);
    EXPECT_NE(found[0], found[1]);
  }
}

TEST_P(IntelTuning, StaysWithinTheSlackOfAChunk) {
  for (const Kernels* kernels : {&usual(), &tuned()}) {
    EXPECT_GE(kernels->chunk_tiles, 1);
    constexpr int kChannels = 5;
    const std::vector<float> weights = Random(5).values(kPositions * kChannels * kBlock);
    const std::vector<float> none(kBlock);
    const Product product{weights.data(),
                          1,
                          weights.size(),
                          {none.data(), none.data(), none.data(), Activation::kNone}};
    for (int tiles = 1; tiles <= kernels->chunk_tiles; ++tiles) {
      const int end = (tiles + kTileSlack) * kBlock;
      const std::vector<float> input =
          Random(6).values(size_of((tiles + kTileSlack) * kTransformedTile));
      const Segment segment{input.data(), kChannels};
      Watched sums(kPositions * end);
      kernels->winograd_product(&segment, 1, tiles, product, 0, sums.data(), size_of(end));
      sums.expect_untouched_but(
          [&](std::ptrdiff_t at) { return at >= 0 && at < kPositions * end; });
    }
  }
}

}  // namespace
}  // namespace lungrt::native
