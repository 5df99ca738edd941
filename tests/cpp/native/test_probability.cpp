#include <limits>

#include "native/kernel_test.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

/// Probability that the eager network computes from logits, in double precision.
double probability_of(const std::vector<double>& logits) {
  if (logits.size() == 1) return 1 / (1 + std::exp(-logits[0]));
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - largest);
  return 1 - std::exp(logits[0] - largest) / sum;
}

class Probability : public KernelTest {
 protected:
  /// Probabilities of pixels with given logits, one row of logits per output: the channels of a
  /// single block are the outputs.
  static std::vector<float> of_logits(const std::vector<std::vector<float>>& logits) {
    const int outputs = static_cast<int>(logits.size());
    const int width = static_cast<int>(logits.front().size());
    std::vector<float> pixels(size_of(width * kBlock)), weights(size_of(outputs * kBlock));
    for (int o = 0; o < outputs; ++o) {
      weights[size_of(o * kBlock + o)] = 1.0F;
      for (int x = 0; x < width; ++x) {
        pixels[size_of(x * kBlock + o)] = logits[size_of(o)][size_of(x)];
      }
    }
    const std::vector<float> bias(size_of(outputs));
    const float* rows[] = {pixels.data()};
    Watched out(width);
    kernels().probability_row(rows, 1, weights.data(), bias.data(), outputs, out.data(), width);
    out.expect_untouched_but([&](std::ptrdiff_t at) { return at >= 0 && at < width; });
    return {out.data(), out.data() + width};
  }
};
INSTANTIATE_TEST_SUITE_P(All, Probability, every_table(), name_of);

TEST_P(Probability, IsThatOfTheLogitsForEveryWidthAndNumberOfOutputs) {
  Random random(1);
  for (const int outputs : {1, 2, 3, 4, 7, 20}) {
    for (int width = 1; width <= 50; ++width) {
      const int blocks = 1 + width % 3;
      std::vector<std::vector<float>> pixels;
      std::vector<const float*> rows;
      for (int b = 0; b < blocks; ++b) {
        pixels.push_back(random.values(size_of(width * kBlock)));
        rows.push_back(pixels.back().data());
      }
      const int channels = blocks * kBlock;
      const std::vector<float> weights = random.values(size_of(outputs * channels));
      const std::vector<float> bias = random.values(size_of(outputs));
      Watched out(width);
      kernels().probability_row(rows.data(), blocks, weights.data(), bias.data(), outputs,
                                out.data(), width);
      for (int x = 0; x < width; ++x) {
        std::vector<double> logits;
        double most = 0;  // largest sum of absolute terms of a logit
        for (int o = 0; o < outputs; ++o) {
          double logit = bias[size_of(o)];
          double magnitude = std::abs(logit);
          for (int c = 0; c < channels; ++c) {
            const double term = double{weights[size_of(o * channels + c)]} *
                                pixels[size_of(c / kBlock)][size_of(x * kBlock + c % kBlock)];
            logit += term;
            magnitude += std::abs(term);
          }
          logits.push_back(logit);
          most = std::max(most, magnitude);
        }
        // The slope of a sigmoid is at most 1/4, and a softmax changes by at most half of the
        // change of the logits; exponentials, sum and division add a few rounding errors.
        const double logit_error = (channels + 2) * kRounding * most;
        expect_near(out[x], {probability_of(logits), logit_error + (2 * outputs + 6) * kRounding},
                    "pixel " + std::to_string(x));
      }
      out.expect_untouched_but([&](std::ptrdiff_t at) { return at >= 0 && at < width; });
    }
  }
}

/// Tests e^-x, computed as 1 / p - 1 of the sigmoid, in units in the last place, where that keeps
/// enough digits.
TEST_P(Probability, ExponentialIsAccurateOverItsRange) {
  std::vector<float> logits;
  for (int i = -87 * 64; i <= 87 * 64; ++i) {
    logits.push_back(static_cast<float>(i) / 64.0F + 1e-3F * static_cast<float>(i % 7));
  }
  logits.front() = -87.0F;
  logits.back() = 87.0F;
  const std::vector<float> found = of_logits({logits});
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double exact = 1 / (1 + std::exp(-static_cast<double>(logits[i])));
    // All digits of a small probability are those of e^x. The exponential has an error of about one
    // unit in the last place (two half units more without fused operations); addition and division
    // are rounded once.
    EXPECT_LE(std::abs(found[i] - exact), 6 * kRounding * exact) << "of logit " << logits[i];
  }
}

TEST_P(Probability, ExponentialOfTwoOutputsIsAsAccurate) {
  std::vector<float> first, second;
  for (int i = 0; i <= 87 * 16; ++i) {
    first.push_back(0.0F);
    second.push_back(-static_cast<float>(i) / 16.0F);
  }
  const std::vector<float> found = of_logits({first, second});
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double exact = 1 / (1 + std::exp(-static_cast<double>(second[i])));
    EXPECT_LE(std::abs(found[i] - exact), 6 * kRounding * exact) << "of logit " << second[i];
  }
}

TEST_P(Probability, Saturates) {
  const float most = std::numeric_limits<float>::max();
  const std::vector<float> logits{1000, -1000, 88,    -88,      104,
                                  -104, most,  -most, INFINITY, -INFINITY};
  const std::vector<float> zeros(logits.size());
  for (const int outputs : {1, 2}) {
    std::vector<std::vector<float>> given(size_of(outputs), zeros);
    given.back() = logits;
    // With an infinite logit a softmax is undefined, also in the eager network.
    if (outputs == 2) given.back()[8] = given.back()[9] = 1000;
    const std::vector<float> found = of_logits(given);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const double expected = given.back()[i] > 0 ? 1 : 0;
      EXPECT_NEAR(found[i], expected, 1e-37) << outputs << " outputs, logit " << given.back()[i];
      EXPECT_TRUE(found[i] >= 0 && found[i] <= 1);
    }
  }
  // The background is certain, another class is certain, and two classes are equally certain.
  const std::vector<float> three = of_logits({{1000, -1000, 1000}, {0, 0, 1000}, {0, 1000, 0}});
  EXPECT_NEAR(three[0], 0.0, 1e-37);
  EXPECT_EQ(three[1], 1.0F);
  EXPECT_EQ(three[2], 0.5F);
}

TEST_P(Probability, HidesNoNan) {
  const float nan = std::nanf("");
  EXPECT_TRUE(std::isnan(of_logits({{nan}})[0]));
  for (int outputs = 2; outputs <= 5; ++outputs) {
    for (int o = 0; o < outputs; ++o) {
      // An infinite logit becomes NaN in a softmax: infinity minus infinity.
      for (const float value : {nan, -nan, INFINITY}) {
        std::vector<std::vector<float>> logits(size_of(outputs), std::vector<float>{0.5F, 1.0F});
        logits[size_of(o)][1] = value;
        const std::vector<float> found = of_logits(logits);
        // The weights of other outputs are zero, but their products with infinity or NaN are NaN.
        EXPECT_TRUE(std::isnan(found[1])) << outputs << " outputs, " << value << " in " << o;
        EXPECT_NEAR(found[0], 1 - 1.0 / outputs, 1e-6);
      }
    }
  }
}

class Dot : public KernelTest {};
INSTANTIATE_TEST_SUITE_P(All, Dot, every_table(), name_of);

TEST_P(Dot, AddsProductsOfAllPixelsToEverySum) {
  Random random(2);
  for (const int outputs : {1, 2, 3, 5}) {
    for (int count = 1; count <= 40; ++count) {
      const int floats = count * kBlock;
      const int output_stride = floats + 3 * kBlock;  // with weights of other rows in between
      const std::vector<float> pixels = random.values(size_of(floats));
      const std::vector<float> weights =
          random.values(size_of((outputs - 1) * output_stride + floats));
      const std::vector<float> before = random.values(size_of(outputs));
      Watched sums(outputs);
      std::copy(before.begin(), before.end(), sums.data());
      kernels().dot(pixels.data(), count, weights.data(), size_of(output_stride), outputs,
                    sums.data());
      for (int o = 0; o < outputs; ++o) {
        double sum = before[size_of(o)];
        double magnitude = std::abs(sum);
        for (int i = 0; i < floats; ++i) {
          const double term = double{pixels[size_of(i)]} * weights[size_of(o * output_stride + i)];
          sum += term;
          magnitude += std::abs(term);
        }
        // In any order, there are at most as many additions as terms.
        expect_near(sums[o], {sum, (floats + 2) * kRounding * magnitude},
                    "output " + std::to_string(o));
      }
      sums.expect_untouched_but([&](std::ptrdiff_t at) { return at >= 0 && at < outputs; });
    }
  }
}

TEST_P(Dot, HidesNoNan) {
  for (const int count : {1, 2, 3}) {
    for (int at = 0; at < count * kBlock; ++at) {
      std::vector<float> pixels(size_of(count * kBlock), 1.0F);
      const std::vector<float> weights(pixels.size(), 1.0F);
      pixels[size_of(at)] = std::nanf("");
      float sum = 0;
      kernels().dot(pixels.data(), count, weights.data(), 0, 1, &sum);
      EXPECT_TRUE(std::isnan(sum));
    }
  }
}

}  // namespace
}  // namespace lungrt::native
