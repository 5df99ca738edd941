#include "native/kernel_test.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

struct Case {
  std::vector<int> channels;  ///< of each segment
  int pixel_stride;
  int blocks;
  int out_stride;  ///< floats
  int width;
  Activation activation;
};

/// Compares a row of sums of products with random weights with double precision.
void check(const Kernels& kernels, const Case& wanted, unsigned seed) {
  SCOPED_TRACE(::testing::Message()
               << wanted.channels.size() << " segments, stride " << wanted.pixel_stride << ", "
               << wanted.blocks << " blocks, width " << wanted.width << ", out stride "
               << wanted.out_stride << ", activation " << static_cast<int>(wanted.activation));
  Random random(seed);
  int terms = 0;
  std::vector<std::vector<float>> inputs;  // exactly as long as a kernel may read
  std::vector<Segment> segments;
  for (const int channels : wanted.channels) {
    inputs.push_back(random.values(size_of((wanted.width + kRowSlack) * wanted.pixel_stride)));
    segments.push_back({inputs.back().data(), channels});
    terms += channels;
  }
  const std::vector<float> weights = random.values(size_of(wanted.blocks * terms * kBlock));
  const RandomEpilogue epilogue(random, wanted.blocks, wanted.activation);
  const Product product{weights.data(), wanted.blocks, size_of(terms * kBlock), epilogue.get()};

  const int row_pixels = wanted.width * wanted.out_stride / kBlock;
  std::vector<Watched> rows(size_of(wanted.blocks), Watched((row_pixels + kRowSlack) * kBlock));
  std::vector<float*> pointers;
  for (Watched& row : rows) pointers.push_back(row.data());
  kernels.direct_row(segments.data(), static_cast<int>(segments.size()), product,
                     wanted.pixel_stride, pointers.data(), wanted.out_stride, wanted.width);

  for (int b = 0; b < wanted.blocks; ++b) {
    const Watched& row = rows[size_of(b)];
    for (int x = 0; x < wanted.width; ++x) {
      for (int lane = 0; lane < kBlock; ++lane) {
        const int channel = b * kBlock + lane;
        double sum = product.epilogue.bias[channel];
        double magnitude = std::abs(sum);
        const float* weight = weights.data() + b * terms * kBlock + lane;
        for (const Segment& segment : segments) {
          for (int c = 0; c < segment.channels; ++c, weight += kBlock) {
            const double term = double{*weight} * segment.values[x * wanted.pixel_stride + c];
            sum += term;
            magnitude += std::abs(term);
          }
        }
        // Each partial sum is at most `magnitude` and is rounded once, each product at most once.
        const double bound = (terms + 2) * kRounding * magnitude;
        expect_near(row[x * wanted.out_stride + lane],
                    after_epilogue({sum, bound}, product.epilogue, channel),
                    "pixel " + std::to_string(x) + ", lane " + std::to_string(lane));
      }
    }
    // Between pixels with a stride there are values of another row; past the end there is slack.
    row.expect_untouched_but([&](std::ptrdiff_t at) {
      return at >= 0 && at < (row_pixels + kRowSlack) * kBlock && at % wanted.out_stride < kBlock;
    });
  }
}

class DirectRow : public KernelTest {};
INSTANTIATE_TEST_SUITE_P(All, DirectRow, every_table(), name_of);

TEST_P(DirectRow, IsRightForEveryWidth) {
  for (int width = 1; width <= 70; ++width) {
    check(kernels(), {{3, 16}, kBlock, 1, kBlock, width, Activation::kRelu},
          1000U + static_cast<unsigned>(width));
  }
}

TEST_P(DirectRow, TakesPixelsOfEveryStride) {
  for (const int width : {1, 2, 5, 8, 9, 16, 33}) {
    for (const Activation activation : kActivations) {
      // Columns as channels; few channels; many.
      check(kernels(), {{3, 3, 3}, 1, 1, kBlock, width, activation}, 1);
      check(kernels(), {{7, 7}, 8, 2, kBlock, width, activation}, 2);
      check(kernels(), {{1}, 8, 1, kBlock, width, activation}, 3);
      check(kernels(), {{16, 1, 16}, kBlock, 3, kBlock, width, activation}, 4);
    }
  }
}

TEST_P(DirectRow, LeavesRoomBetweenPixels) {
  for (const int width : {1, 3, 7, 8, 17}) {
    check(kernels(), {{16, 5}, kBlock, 4, 2 * kBlock, width, Activation::kNone}, 5);
  }
}

TEST_P(DirectRow, SumsManySegments) {
  check(kernels(), {std::vector<int>(36, 16), kBlock, 1, kBlock, 19, Activation::kLeakyRelu}, 6);
  check(kernels(), {{}, kBlock, 1, kBlock, 9, Activation::kNone}, 7);  // only the bias
}

TEST_P(DirectRow, HidesNeitherNanNorInfinity) {
  const float nan = std::nanf("");
  const float infinity = INFINITY;
  for (const Activation activation : kActivations) {
    for (const int width : {1, 9}) {
      std::vector<float> in(size_of((width + kRowSlack) * kBlock));
      in[0] = nan;
      in[size_of((width - 1) * kBlock + 1)] = infinity;
      std::vector<float> weights(2 * kBlock, 1.0F);
      const std::vector<float> none(kBlock), one(kBlock, 1.0F);
      const Segment segment{in.data(), 2};
      const Product product{
          weights.data(), 1, 2 * kBlock, {none.data(), one.data(), none.data(), activation}};
      Watched row((width + kRowSlack) * kBlock);
      float* rows[] = {row.data()};
      kernels().direct_row(&segment, 1, product, kBlock, rows, kBlock, width);
      for (int lane = 0; lane < kBlock; ++lane) {
        EXPECT_TRUE(std::isnan(row[lane]));
        if (width > 1) {
          EXPECT_EQ(row[(width - 1) * kBlock + lane], infinity);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lungrt::native
