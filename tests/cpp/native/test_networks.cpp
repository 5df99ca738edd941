#include "native/classifier/classifier.h"
#include "native/unet/run.h"
#include "native/weights_file.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

// tests/parity compares the layers with those of the eager network. The tests here check that
// networks with all options run on every instruction set without invalid memory accesses (with
// AddressSanitizer), that both algorithms agree, and that a run does not influence the next one.

/// Compares probabilities of different kernels; sigmoid and softmax reduce the layers' rounding
/// errors.
constexpr float kAgreement = 2e-4F;

void expect_close(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], kAgreement) << "value " << i;
  }
}

std::vector<UnetOptions> unets() {
  std::vector<UnetOptions> result;
  const auto add = [&](std::vector<int> widths, int in_channels, auto change) {
    UnetOptions options;
    options.widths = std::move(widths);
    options.in_channels = in_channels;
    change(options);
    result.push_back(options);
  };
  add({16, 32, 64}, 7, [](auto&) {});
  add({5, 17, 33}, 3, [](auto& o) { o.out_channels = 3; });
  add({5}, 1, [](auto& o) { o.input_batch_norm = false; });
  add({3, 2, 4, 3, 5}, 9, [](auto& o) { o.max_pooling = true; });
  add({6, 20}, 17, [](auto& o) { o.bilinear = true; });
  add({7, 4, 5}, 33, [](auto& o) { o.batch_norm = false; });
  add({4, 18}, 2, [](auto& o) { o.activation = Activation::kLeakyRelu; });
  add({4, 5}, 5, [](auto& o) { o.padding = false; });
  add({3, 4, 2, 3}, 3, [](auto& o) {
    o.padding = false;
    o.bilinear = true;
    o.out_channels = 2;
  });
  return result;
}

std::vector<ClassifierOptions> classifiers() {
  std::vector<ClassifierOptions> result;
  const auto add = [&](std::vector<int> widths, std::array<int, 3> crop, auto change) {
    ClassifierOptions options;
    options.widths = std::move(widths);
    options.crop = crop;
    change(options);
    result.push_back(options);
  };
  add({8, 16, 32}, {16, 24, 24}, [](auto&) {});
  add({1, 3, 9, 24, 8}, {32, 33, 35}, [](auto& o) { o.out_channels = 3; });
  add({40, 8}, {5, 21, 6}, [](auto& o) { o.tail_batch_norm = false; });
  add({3}, {3, 2, 2}, [](auto& o) { o.out_channels = 5; });
  add({9, 8, 1}, {9, 13, 15}, [](auto& o) { o.activation = Activation::kLeakyRelu; });
  return result;
}

class Networks : public KernelTest {
 protected:
  /// Runs in memory of exactly the documented sizes.
  static std::vector<float> segment(UnetRun& run, const UnetGraph& graph,
                                    const std::vector<float>& slice) {
    const int lost = 2 * graph.halo();
    std::vector<float> probability(size_of((run.height() - lost) * (run.width() - lost)), -1.0F);
    run.run(slice.data(), probability.data());
    return probability;
  }
  Random random_{1};
};
INSTANTIATE_TEST_SUITE_P(All, Networks, every_table(), name_of);

TEST_P(Networks, UnetsGiveTheSameByBothAlgorithms) {
  for (std::size_t m = 0; const UnetOptions& options : unets()) {
    SCOPED_TRACE(m);
    const WeightsFile file = unet_file(options, static_cast<unsigned>(++m));
    Tensors first = file.tensors();
    Tensors second = file.tensors();
    const UnetGraph winograd(options, first, Algorithm::kWinograd);
    const UnetGraph direct(options, second, Algorithm::kDirect);
    const int multiple = 1 << (options.widths.size() - 1);
    for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 9}, {3, 2}, {11, 13}}) {
      const int height = rows * multiple + 2 * winograd.halo();
      const int width = columns * multiple + 2 * winograd.halo();
      SCOPED_TRACE(::testing::Message() << height << " x " << width);
      const std::vector<float> slice =
          random_.values(size_of(height * width * options.in_channels));
      UnetRun by_winograd(winograd, kernels(), height, width);
      UnetRun directly(direct, kernels(), height, width);
      expect_close(segment(by_winograd, winograd, slice), segment(directly, direct, slice));
      if (HasFailure()) return;
    }
  }
}

TEST_P(Networks, UnetsRememberNothingOfTheSliceBefore) {
  for (std::size_t m = 0; const UnetOptions& options : unets()) {
    SCOPED_TRACE(m);
    Tensors tensors = unet_file(options, static_cast<unsigned>(++m)).tensors();
    for (const Algorithm algorithm : {Algorithm::kWinograd, Algorithm::kDirect}) {
      Tensors own = tensors;
      const UnetGraph graph(options, own, algorithm);
      const int multiple = 1 << (options.widths.size() - 1);
      const int height = 3 * multiple + 2 * graph.halo();
      const int width = 5 * multiple + 2 * graph.halo();
      const std::vector<float> slice =
          random_.values(size_of(height * width * options.in_channels));
      const std::vector<float> poison(slice.size(), std::nanf(""));
      UnetRun fresh(graph, kernels(), height, width);
      UnetRun used(graph, kernels(), height, width);
      for (const float value : segment(used, graph, poison)) ASSERT_TRUE(std::isnan(value));
      const std::vector<float> expected = segment(fresh, graph, slice);
      EXPECT_EQ(segment(used, graph, slice), expected);
      EXPECT_EQ(segment(fresh, graph, slice), expected);
    }
  }
}

/// If an input pixel is NaN, every probability that depends on it must be NaN.
TEST_P(Networks, UnetsHideNoNanOfOnePixel) {
  UnetOptions options;
  options.widths = {4};
  options.in_channels = 3;
  for (const Algorithm algorithm : {Algorithm::kWinograd, Algorithm::kDirect}) {
    Tensors tensors = unet_file(options).tensors();
    const UnetGraph graph(options, tensors, algorithm);
    constexpr int kSize = 11;
    UnetRun network(graph, kernels(), kSize, kSize);
    for (int place = 0; place < kSize * kSize; ++place) {
      std::vector<float> slice = random_.values(kSize * kSize * 3);
      slice[size_of(place * 3 + 1)] = std::nanf("");
      const std::vector<float> probability = segment(network, graph, slice);
      for (int other = 0; other < kSize * kSize; ++other) {
        // Two convolutions: two pixels in each direction.
        const bool reached = std::abs(other / kSize - place / kSize) <= 2 &&
                             std::abs(other % kSize - place % kSize) <= 2;
        if (reached) {
          ASSERT_TRUE(std::isnan(probability[size_of(other)])) << place << " to " << other;
        }
      }
    }
  }
}

std::vector<float> classify(const Classifier& classifier, ClassifierRun& run,
                            const std::vector<float>& crop) {
  std::vector<float> probabilities(size_of(classifier.options().out_channels), -1.0F);
  run.run(crop.data(), probabilities.data());
  return probabilities;
}

TEST_P(Networks, ClassifiersGiveTheSameByBothAlgorithmsAndRememberNothing) {
  for (std::size_t m = 0; const ClassifierOptions& options : classifiers()) {
    SCOPED_TRACE(m);
    const WeightsFile file = classifier_file(options, static_cast<unsigned>(++m));
    Tensors first = file.tensors();
    Tensors second = file.tensors();
    const Classifier winograd(options, first, Algorithm::kWinograd);
    const Classifier direct(options, second, Algorithm::kDirect);
    EXPECT_NO_THROW(first.require_all_taken());
    ClassifierRun by_winograd(winograd, kernels());
    ClassifierRun directly(direct, kernels());
    const auto& size = options.crop;
    const std::vector<float> crop = random_.values(size_of(size[0] * size[1] * size[2]), -2, 2);
    const std::vector<float> found = classify(winograd, by_winograd, crop);
    expect_close(found, classify(direct, directly, crop));
    float sum = 0;
    for (const float probability : found) sum += probability;
    EXPECT_NEAR(sum, 1, 1e-6);

    const std::vector<float> poison(crop.size(), std::nanf(""));
    for (const float value : classify(winograd, by_winograd, poison))
      EXPECT_TRUE(std::isnan(value));
    for (const float value : classify(direct, directly, poison)) EXPECT_TRUE(std::isnan(value));
    EXPECT_EQ(classify(winograd, by_winograd, crop), found);
  }
}

TEST_P(Networks, ClassifiersHideNoNanOfOneVoxel) {
  ClassifierOptions options;
  options.widths = {3, 9};
  options.crop = {5, 9,
                  12};  // pooling drops the last slice and row, but their neighbours depend on them
  for (const Algorithm algorithm : {Algorithm::kWinograd, Algorithm::kDirect}) {
    Tensors tensors = classifier_file(options).tensors();
    const Classifier classifier(options, tensors, algorithm);
    ClassifierRun network(classifier, kernels());
    for (int place = 0; place < 5 * 9 * 12; place += 7) {
      std::vector<float> crop = random_.values(5 * 9 * 12);
      crop[size_of(place)] = std::nanf("");
      for (const float value : classify(classifier, network, crop)) {
        ASSERT_TRUE(std::isnan(value)) << "voxel " << place;
      }
    }
  }
}

}  // namespace
}  // namespace lungrt::native
