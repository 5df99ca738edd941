// Differences between outputs, and what they mean for decisions. tests/export/test_parity.py
// compares the conversion of logits with PyTorch's.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "expect_error.h"
#include "lungrt/goldens.h"

namespace lungrt {
namespace {

using testing::expect_error;

constexpr double kBand = 5e-4;

ComparisonRule rule(std::int64_t classes, bool logits = false, double threshold = 0.5) {
  return {classes, logits, threshold, 1e-3, kBand};
}

/// Outputs of shape [items, classes].
GoldenTensor output(std::int64_t classes, std::vector<float> values) {
  return {{static_cast<std::int64_t>(values.size()) / classes, classes}, std::move(values)};
}

GoldenComparison compare_values(std::int64_t classes, const std::vector<float>& actual,
                                const std::vector<float>& eager, bool logits = false,
                                double threshold = 0.5) {
  return compare(output(classes, actual), output(classes, eager), rule(classes, logits, threshold));
}

TEST(Comparison, OfErrors) {
  const GoldenComparison c = compare_values(1, {0.5F, 0.25F, 1e-6F}, {0.5F, 0.26F, 0.0F});
  EXPECT_EQ(c.values, 3);
  EXPECT_NEAR(c.max_absolute, 0.01, 1e-7);
  EXPECT_NEAR(c.mean_absolute, (0.01 + 1e-6) / 3, 1e-7);
  EXPECT_NEAR(c.max_relative, 0.01 / 0.26, 1e-6);
  EXPECT_NEAR(c.mean_relative, (0.01 / 0.26 + 1e-6 / 1e-3) / 3, 1e-6);
}

TEST(Comparison, OfDecisions) {
  const std::vector<float> actual{0.4999F, 0.5001F, 0.9F, 0.2F, 0.51F};
  const std::vector<float> eager{0.5001F, 0.4999F, 0.51F, 0.8F, 0.4994F};
  const auto pairs = [](const std::vector<float>& values) {
    std::vector<float> result;
    for (const float p : values) result.insert(result.end(), {1 - p, p});
    return result;
  };
  for (const GoldenComparison& c :
       {compare_values(1, actual, eager), compare_values(2, pairs(actual), pairs(eager))}) {
    EXPECT_EQ(c.decisions, 5);
    EXPECT_EQ(c.flips, 4);
    EXPECT_EQ(c.flips_outside_band, 2);
  }
}

TEST(Comparison, ThresholdItselfIsNoNodule) {
  EXPECT_EQ(compare_values(1, {0.5F}, {0.49999F}).flips, 0);
  EXPECT_EQ(compare_values(1, {0.5F}, {0.50001F}).flips, 1);
  EXPECT_EQ(compare_values(1, {0.31F}, {0.29F}, false, 0.3).flips, 1);
  EXPECT_EQ(compare_values(1, {0.51F}, {0.49F}, false, 0.3).flips, 0);
}

TEST(Comparison, OfThreeClasses) {
  struct Flips {
    std::vector<float> actual, eager;
    int flips, outside;
  };
  const std::vector<Flips> all{
      {{0.4F, 0.2F, 0.4F}, {0.4F, 0.2F, 0.4F}, 0, 0},
      {{0.6F, 0.1F, 0.3F}, {0.4F, 0.2F, 0.4F}, 1, 1},  // nodule or not
      {{0.4F, 0.4F, 0.2F}, {0.4F, 0.2F, 0.4F}, 1, 1},  // malignant or not
      {{0.5001F, 0.1F, 0.3999F}, {0.4999F, 0.1F, 0.4001F}, 1, 0},
      {{0.2F, 0.4001F, 0.3999F}, {0.2F, 0.3999F, 0.4001F}, 1, 0},
      {{0.9F, 0.06F, 0.04F}, {0.9F, 0.04F, 0.06F}, 0, 0},  // nothing malignant without a nodule
      {{1.0F, 0.0F, 0.0F}, {1.0F, 0.0F, 0.0F}, 0, 0},
  };
  for (const Flips& one : all) {
    const GoldenComparison c = compare_values(3, one.actual, one.eager);
    EXPECT_EQ(c.decisions, 1);
    EXPECT_EQ(c.flips, one.flips) << one.actual[0];
    EXPECT_EQ(c.flips_outside_band, one.outside) << one.actual[0];
  }
}

TEST(Comparison, OfPixels) {
  // Two classes of two pixels each: the classes are far apart in memory, not the pixels.
  const GoldenTensor eager{{1, 2, 1, 2}, {0.1F, 0.8F, 0.9F, 0.2F}};
  const GoldenTensor actual{{1, 2, 1, 2}, {0.1F, 0.3F, 0.9F, 0.7F}};
  const GoldenComparison c = compare(actual, eager, rule(2));
  EXPECT_EQ(c.decisions, 2);
  EXPECT_EQ(c.flips, 1);
}

TEST(Comparison, OfLogitsIsOfProbabilities) {
  EXPECT_LT(compare_values(1, {20.0F}, {25.0F}, true).max_absolute, 1e-8);
  EXPECT_EQ(compare_values(1, {0.1F}, {-0.1F}, true).flips, 1);
  EXPECT_LT(compare_values(2, {1e4F, -1e4F}, {50.0F, -50.0F}, true).max_absolute, 1e-12);
  EXPECT_LT(compare_values(1, {-1e4F, 1e4F}, {-50.0F, 50.0F}, true).max_absolute, 1e-12);
  const GoldenTensor probability = output(1, {0.5F}), logit = output(1, {0.0F});
  EXPECT_EQ(compare(probability, logit, rule(1, true), true).max_absolute, 0.0);
  EXPECT_GT(compare(probability, logit, rule(1, true), false).max_absolute, 0.1);
}

TEST(Comparison, RefusesWhatCannotBeCompared) {
  const GoldenTensor good = output(2, {0.5F, 0.5F});
  const auto refuse = [&](const GoldenTensor& actual, const GoldenTensor& eager,
                          std::int64_t classes, std::initializer_list<const char*> words) {
    expect_error(ErrorCode::kInvalidArgument, words,
                 [&] { compare(actual, eager, rule(classes)); });
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  refuse(good, output(2, {0.5F, 0.5F, 0.5F, 0.5F}), 2, {"shapes are [1, 2] and [2, 2]"});
  refuse(good, good, 1, {"shape [1, 2]", "expected [N, 1, ...]"});
  refuse(good, good, 0, {"1 to 3 classes, not 0"});
  refuse(good, good, 4, {"1 to 3 classes, not 4"});
  refuse(good, output(2, {0.5F, nan}), 2, {"1 of 2 values NaN or infinite"});
  refuse(output(2, {nan, nan}), good, 2, {"2 of 2 values NaN or infinite"});
  refuse({{0, 2}, {}}, {{0, 2}, {}}, 2, {"shape [0, 2] and 0 values"});
  refuse({{1, 2}, {0.5F}}, good, 2, {"shape [1, 2] and 1 value,"});
  refuse({{2}, {0.5F, 0.5F}}, good, 2, {"shape [2]"});
  refuse({{-1, 2, -1}, {0.5F, 0.5F}}, good, 2, {"shape [-1, 2, -1]"});
  const std::int64_t huge = std::int64_t{1} << 62;
  refuse({{huge, 2, huge}, {0.5F, 0.5F}}, good, 2, {"shape [4611686018427387904, 2"});
}

}  // namespace
}  // namespace lungrt
