#include "native/kernel_test.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

class Pointwise : public KernelTest {
 protected:
  static constexpr int kMostRows = 4;
  /// Random rows of exactly `width` pixels.
  void make_rows(int count, int width) {
    rows_.clear();
    for (int r = 0; r < count; ++r) {
      rows_.push_back(random_.values(size_of(width * kBlock), -3.0F, 3.0F));
      pointers_[r] = rows_.back().data();
    }
  }
  static bool inside(std::ptrdiff_t at, int width) { return at >= 0 && at < width * kBlock; }

  Random random_{1};
  std::vector<std::vector<float>> rows_;
  const float* pointers_[kMostRows] = {};
};
INSTANTIATE_TEST_SUITE_P(All, Pointwise, every_table(), name_of);

TEST_P(Pointwise, AveragesFourPixels) {
  for (int width = 1; width <= 35; ++width) {
    make_rows(2, 2 * width);
    Watched out(width * kBlock);
    kernels().pool_average(pointers_, out.data(), width);
    for (int i = 0; i < width * kBlock; ++i) {
      double sum = 0;
      double magnitude = 0;
      for (int k = 0; k < 4; ++k) {
        const float value = pointers_[k / 2][(i / kBlock * 2 + k % 2) * kBlock + i % kBlock];
        sum += value;
        magnitude += std::abs(value);
      }
      // Three additions in two steps; the product with a quarter is exact.
      expect_near(out[i], {sum / 4, 2.01 * kRounding * magnitude / 4}, "average");
    }
    out.expect_untouched_but([&](std::ptrdiff_t at) { return inside(at, width); });
  }
}

TEST_P(Pointwise, TakesTheLargestOfTwoOrFourRows) {
  for (const int rows : {2, 4}) {
    for (int width = 1; width <= 35; ++width) {
      make_rows(rows, 2 * width);
      Watched out(width * kBlock);
      kernels().pool_max(pointers_, rows, out.data(), width);
      for (int i = 0; i < width * kBlock; ++i) {
        float largest = -INFINITY;
        for (int k = 0; k < 2 * rows; ++k) {
          largest =
              std::max(largest, pointers_[k / 2][(i / kBlock * 2 + k % 2) * kBlock + i % kBlock]);
        }
        EXPECT_EQ(out[i], largest);
      }
      out.expect_untouched_but([&](std::ptrdiff_t at) { return inside(at, width); });
    }
  }
}

TEST_P(Pointwise, KeepsNanAndInfinityWhereverTheyStand) {
  for (const int rows : {2, 4}) {
    for (int pixel = 0; pixel < 2 * rows; ++pixel) {
      for (const float value : {std::nanf(""), -std::nanf(""), INFINITY, -INFINITY}) {
        make_rows(rows, 4);
        for (int lane = 0; lane < kBlock; ++lane) {
          rows_[size_of(pixel / 2)][size_of((2 + pixel % 2) * kBlock + lane)] = value;
        }
        Watched largest(2 * kBlock), average(2 * kBlock);
        kernels().pool_max(pointers_, rows, largest.data(), 2);
        kernels().pool_average(pointers_, average.data(), 2);
        for (int lane = 0; lane < kBlock; ++lane) {
          EXPECT_FALSE(std::isnan(largest[lane]) || std::isnan(average[lane]));
          const float pooled = largest[kBlock + lane];
          if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(pooled)) << "pixel " << pixel;
          }
          if (value > 0) {
            EXPECT_EQ(pooled, value);
          }
          if (value < 0) {
            EXPECT_TRUE(std::isfinite(pooled));
          }
          if (pixel < 4) {
            EXPECT_FALSE(std::isfinite(average[kBlock + lane]));
          }
        }
      }
    }
  }
}

TEST_P(Pointwise, KeepsTheLargerHalfOfAPixel) {
  constexpr int kHalf = kBlock / 2;
  for (int width = 1; width <= 20; ++width) {
    const std::vector<float> before = random_.values(size_of(width * kBlock));
    Watched row(width * kBlock);
    std::copy(before.begin(), before.end(), row.data());
    kernels().keep_larger_half(row.data(), width);
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < kHalf; ++c) {
        const int at = x * kBlock + c;
        EXPECT_EQ(row[at], std::max(before[size_of(at)], before[size_of(at + kHalf)]));
        // Zero, like channels that do not exist: products read whole pixels.
        EXPECT_EQ(row[at + kHalf], 0.0F);
      }
    }
    row.expect_untouched_but([&](std::ptrdiff_t at) { return inside(at, width); });
  }
  for (int lane = 0; lane < kBlock; ++lane) {
    std::vector<float> row = random_.values(kBlock);
    row[size_of(lane)] = std::nanf("");
    kernels().keep_larger_half(row.data(), 1);
    for (int c = 0; c < kHalf; ++c) EXPECT_EQ(std::isnan(row[size_of(c)]), c == lane % kHalf);
  }
}

TEST_P(Pointwise, UpsamplesBetweenPixelsAndRepeatsEdges) {
  for (int width = 1; width <= 35; ++width) {
    make_rows(2, width);
    Watched out(2 * width * kBlock);
    kernels().upsample_row(pointers_[0], pointers_[1], out.data(), width);
    for (int i = 0; i < 2 * width * kBlock; ++i) {
      const int x = i / kBlock;
      const int lane = i % kBlock;
      const int other = std::clamp(x % 2 == 0 ? x / 2 - 1 : x / 2 + 1, 0, width - 1);
      double sum = 0;
      double magnitude = 0;
      for (const auto& [row, share] : {std::pair{0, 0.75}, {1, 0.25}}) {
        for (const auto& [column, part] : {std::pair{x / 2, 0.75}, {other, 0.25}}) {
          const double term = share * part * pointers_[row][column * kBlock + lane];
          sum += term;
          magnitude += std::abs(term);
        }
      }
      // Three operations per axis; those with a quarter are exact.
      expect_near(out[i], {sum, 4.01 * kRounding * magnitude}, "pixel " + std::to_string(x));
    }
    out.expect_untouched_but([&](std::ptrdiff_t at) { return inside(at, 2 * width); });
  }
}

TEST_P(Pointwise, UpsamplingKeepsNanOfEitherRow) {
  for (const int width : {1, 2, 5}) {
    for (int row = 0; row < 2; ++row) {
      for (int x = 0; x < width; ++x) {
        make_rows(2, width);
        rows_[size_of(row)][size_of(x * kBlock)] = std::nanf("");
        Watched out(2 * width * kBlock);
        kernels().upsample_row(pointers_[0], pointers_[1], out.data(), width);
        for (int to = 0; to < 2 * width; ++to) {
          EXPECT_EQ(std::isnan(out[to * kBlock]), to >= 2 * x - 1 && to <= 2 * x + 2);
          EXPECT_FALSE(std::isnan(out[to * kBlock + 1]));
        }
      }
    }
  }
}

/// Copies a row to memory that ends with it, so that AddressSanitizer finds reads past its end.
TEST_P(Pointwise, NormalisesEveryChannelOfARow) {
  for (const int channels : {1, 2, 3, 5, 7, 8, 11, 16}) {
    const int out_stride = channels <= kBlock / 2 ? kBlock / 2 : kBlock;
    for (const int in_stride : {channels, channels + 5}) {
      for (int width = 1; width <= 40; ++width) {
        const std::vector<float> in =
            random_.values(size_of((width - 1) * in_stride + channels), -1000, 1000);
        const std::vector<float> scale = random_.values(size_of(channels), -2, 2);
        const std::vector<float> shift = random_.values(size_of(channels), -2, 2);
        // A Watched ends with its guard, so the row needs a vector of its exact size.
        std::vector<float> exact(size_of(width * out_stride), Watched::kUntouched);
        kernels().normalise_row(in.data(), in_stride, channels, width, {scale.data(), shift.data()},
                                exact.data(), out_stride);
        for (int x = 0; x < width; ++x) {
          for (int c = 0; c < channels; ++c) {
            const double product = double{in[size_of(x * in_stride + c)]} * scale[size_of(c)];
            const double value = product + shift[size_of(c)];
            expect_near(exact[size_of(x * out_stride + c)],
                        {value, kRounding * (std::abs(product) + std::abs(value))},
                        "pixel " + std::to_string(x) + ", channel " + std::to_string(c));
          }
        }
      }
    }
  }
}

TEST_P(Pointwise, NormalisesARowOfSinglePixels) {
  for (int width = 1; width <= 70; ++width) {
    const std::vector<float> in = random_.values(size_of(width), -1000, 1000);
    const float scale = -0.25F;
    const float shift = 3.0F;
    Watched out(width);
    kernels().normalise_row(in.data(), 1, 1, width, {&scale, &shift}, out.data(), 1);
    for (int x = 0; x < width; ++x) EXPECT_EQ(out[x], in[size_of(x)] * -0.25F + 3.0F);
    out.expect_untouched_but([&](std::ptrdiff_t at) { return at >= 0 && at < width; });
  }
}

TEST_P(Pointwise, NormalisingKeepsNanOfItsOwnChannelAlone) {
  constexpr int kChannels = 3;
  for (const int width : {3, 40}) {
    for (int x = 0; x < width; ++x) {
      std::vector<float> in = random_.values(size_of(width * kChannels));
      in[size_of(x * kChannels + 1)] = std::nanf("");
      const std::vector<float> one(kChannels, 1.0F);
      std::vector<float> out(size_of(width * kBlock / 2));
      kernels().normalise_row(in.data(), kChannels, kChannels, width, {one.data(), one.data()},
                              out.data(), kBlock / 2);
      for (int to = 0; to < width; ++to) {
        for (int c = 0; c < kChannels; ++c) {
          EXPECT_EQ(std::isnan(out[size_of(to * kBlock / 2 + c)]), to == x && c == 1);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lungrt::native
