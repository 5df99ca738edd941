#include <limits>
#include <new>

#include "native/kernel_test.h"
#include "native/packing.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

TEST(AlignedBuffer, IsZeroedAndBeginsAtACacheLineOrAHugePage) {
  for (const std::size_t count : {1, 15, 16, 17, 1000, 1 << 19, (1 << 19) + 1}) {
    const AlignedBuffer buffer(count);
    const std::size_t unit = count * sizeof(float) >= (2U << 20) ? 2U << 20 : 64;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % unit, 0U) << count;
    EXPECT_EQ(buffer.size(), count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(buffer.data()[i], 0.0F);
  }
}

TEST(AlignedBuffer, HoldsNothingAtFirst) {
  AlignedBuffer buffer;
  EXPECT_EQ(buffer.data(), nullptr);
  EXPECT_EQ(buffer.size(), 0U);
  float* first = buffer.reserve(10);
  first[9] = 5;
  EXPECT_EQ(buffer.reserve(3), first);  // the old memory is large enough
  EXPECT_EQ(first[9], 5.0F);
  float* larger = buffer.reserve(1000);
  EXPECT_EQ(buffer.size(), 1000U);
  EXPECT_EQ(larger[9], 0.0F);
}

TEST(AlignedBuffer, RefusesSizesThatNoMemoryHas) {
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  // In 64 bits, four times the first number is 0 and four times the second is 4.
  for (const std::size_t count : {most / 4 + 1, most / 4 + 2, most, most / 4, most / 8 + 1}) {
    EXPECT_THROW(AlignedBuffer{count}, std::bad_alloc) << count;
  }
}

TEST(AlignedBuffer, SaysHowMuchMemoryItTakes) {
  for (const std::size_t count : {1, 16, 1000, (1 << 19) - 1, 1 << 19, 5 << 19}) {
    const std::size_t unit = count * sizeof(float) >= (2U << 20) ? 2U << 20 : 64;
    EXPECT_EQ(AlignedBuffer::bytes(count) % unit, 0U);
    EXPECT_GE(AlignedBuffer::bytes(count), count * sizeof(float));
    EXPECT_LE(AlignedBuffer::bytes(count), count * sizeof(float) + unit);
  }
}

TEST(BufferParts, AreAtCacheLinesAndApart) {
  const std::size_t counts[] = {1, 15, 16, 17, 100};
  std::size_t floats = 0;
  for (const std::size_t count : counts) floats += BufferParts::floats(count);
  AlignedBuffer buffer(floats);
  BufferParts parts(buffer);
  const float* end = buffer.data();
  for (const std::size_t count : counts) {
    float* part = parts.take(count);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(part) % 64, 0U);
    EXPECT_GE(part, end);
    std::fill(part, part + count, 1.0F);
    end = part + count;
  }
  EXPECT_LE(end, buffer.data() + buffer.size());
  EXPECT_THROW(parts.take(0), std::bad_alloc);  // even an empty part has a line after it
}

#if defined(__SANITIZE_ADDRESS__)
TEST(BufferPartsDeathTest, ReportAccessesBetweenThem) {
  AlignedBuffer buffer(2 * BufferParts::floats(16));
  BufferParts parts(buffer);
  volatile float* first = parts.take(16);
  volatile float* second = parts.take(16);
  first[15] = 1.0F;
  second[15] = 1.0F;
  EXPECT_DEATH(first[16] = 1.0F, "use-after-poison");
  EXPECT_DEATH(second[16] = 1.0F, "use-after-poison");
}
#endif

TEST(Packing, CountsBlocks) {
  EXPECT_EQ(blocks_of(1), 1);
  EXPECT_EQ(blocks_of(16), 1);
  EXPECT_EQ(blocks_of(17), 2);
  EXPECT_EQ(channels_of_block(37, 0), 16);
  EXPECT_EQ(channels_of_block(37, 2), 5);
}

TEST(PackedProduct, LaysWeightsOutAsKernelsReadThem) {
  const std::vector<int> segments{2, 1};
  constexpr int kLanes = 18;
  constexpr int kCount = 3;  // number of positions
  const auto number = [](int segment, int channel, int lane, int position) {
    return static_cast<float>(1000 * segment + 500 * channel + 10 * lane + position + 1);
  };
  const PackedProduct packed(kLanes, segments, kCount,
                             [&](int segment, int channel, int lane, float* weights) {
                               for (int p = 0; p < kCount; ++p) {
                                 weights[p] = number(segment, channel, lane, p);
                               }
                             });
  EXPECT_EQ(packed.blocks(), 2);
  const Product product = packed.product();
  EXPECT_EQ(product.blocks, 2);
  EXPECT_EQ(product.block_stride, static_cast<std::size_t>(kCount * 3 * kBlock));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(product.weights) % 64, 0U);
  for (int block = 0; block < 2; ++block) {
    const float* at = product.weights + size_of(block) * product.block_stride;
    for (int position = 0; position < kCount; ++position) {
      for (const auto& [segment, channel] : {std::pair{0, 0}, {0, 1}, {1, 0}}) {
        for (int i = 0; i < kBlock; ++i, ++at) {
          const int lane = block * kBlock + i;
          EXPECT_EQ(*at, lane < kLanes ? number(segment, channel, lane, position) : 0.0F);
        }
      }
    }
  }
}

TEST(PackedProduct, HasAnEpilogueForEveryLane) {
  PackedProduct packed(18, {1}, 1, [](int, int, int, float* weights) { *weights = 1; });
  packed.set_epilogue(0, 1, 2, 3);
  packed.set_epilogue(17, 4);
  packed.set_activation(Activation::kLeakyRelu);
  const Epilogue epilogue = packed.product().epilogue;
  EXPECT_EQ(epilogue.activation, Activation::kLeakyRelu);
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(epilogue.bias[lane], lane == 0 ? 1 : lane == 17 ? 4 : 0);
    EXPECT_EQ(epilogue.scale[lane], lane == 0 ? 2 : lane == 17 ? 1 : 0);  // 0 for the others
    EXPECT_EQ(epilogue.shift[lane], lane == 0 ? 3 : 0);
  }
}

TEST(PackedProduct, MayBeEmpty) {
  const PackedProduct none;
  EXPECT_EQ(none.blocks(), 0);
  EXPECT_EQ(none.product().blocks, 0);
}

/// G g G^T of a kernel with a single 1 is the product of two columns of G.
TEST(TransformKernel, OfADeltaKernelIsTheProductOfTwoColumns) {
  constexpr double kColumns[3][6] = {{1.0 / 4, -1.0 / 6, -1.0 / 6, 1.0 / 24, 1.0 / 24, 0},
                                     {0, -1.0 / 6, 1.0 / 6, 1.0 / 12, -1.0 / 12, 0},
                                     {0, -1.0 / 6, -1.0 / 6, 1.0 / 6, 1.0 / 6, 1}};
  for (int place = 0; place < 9; ++place) {
    float kernel[9] = {};
    kernel[place] = 1;
    float transformed[kPositions];
    transform_kernel(kernel, transformed);
    for (int p = 0; p < kPositions; ++p) {
      const double expected = kColumns[place / 3][p / 6] * kColumns[place % 3][p % 6];
      EXPECT_LE(std::abs(transformed[p] - expected), kRounding * std::abs(expected)) << place;
    }
  }
}

TEST(TransformKernel, IsLinearAndRoundsOnce) {
  Random random(1);
  const std::vector<float> kernel = random.values(9);
  float whole[kPositions];
  transform_kernel(kernel.data(), whole);
  std::vector<double> sum(kPositions), magnitude(kPositions);
  for (std::size_t place = 0; place < 9; ++place) {
    float delta[9] = {};
    delta[place] = 1;
    float part[kPositions];
    transform_kernel(delta, part);
    for (std::size_t p = 0; p < kPositions; ++p) {
      sum[p] += double{part[p]} * kernel[place];
      magnitude[p] += std::abs(double{part[p]} * kernel[place]);
    }
  }
  // Rounding errors: once for each transform of a delta, and once for the whole kernel.
  for (std::size_t p = 0; p < kPositions; ++p) {
    EXPECT_LE(std::abs(whole[p] - sum[p]), 2.01 * kRounding * magnitude[p]) << p;
  }
}

/// Winograd's algorithm with a delta kernel must shift the tile, on every instruction set.
class DeltaKernel : public KernelTest {};
INSTANTIATE_TEST_SUITE_P(All, DeltaKernel, every_table(), name_of);

TEST_P(DeltaKernel, GivesTheInputShifted) {
  Random random(2);
  std::vector<std::vector<float>> rows;
  std::vector<const float*> pointers;
  for (int r = 0; r < kTile + 2; ++r) {
    rows.push_back(random.values(size_of((kTile + 2) * kBlock)));
    pointers.push_back(rows.back().data());
  }
  for (int place = 0; place < 9; ++place) {
    float kernel[9] = {};
    kernel[place] = 1;
    PackedProduct packed(kBlock, {kBlock}, kPositions,
                         [&](int, int channel, int lane, float* weights) {
                           std::fill(weights, weights + kPositions, 0.0F);
                           if (channel == lane) transform_kernel(kernel, weights);
                         });
    for (int lane = 0; lane < kBlock; ++lane) packed.set_epilogue(lane, 0);
    const Product product = packed.product();
    const std::size_t stride = size_of((1 + kTileSlack) * kBlock);
    std::vector<float> transformed(size_of((1 + kTileSlack) * kTransformedTile));
    std::vector<float> sums(kPositions * stride);
    kernels().winograd_input(pointers.data(), 1, transformed.data());
    const Segment segment{transformed.data(), kBlock};
    kernels().winograd_product(&segment, 1, 1, product, 0, sums.data(), stride);
    std::vector<float> out(size_of(kTile * kTile * kBlock));
    float* out_rows[kTile];
    for (int r = 0; r < kTile; ++r) out_rows[r] = out.data() + r * kTile * kBlock;
    kernels().winograd_output(sums.data(), stride, 1, product.epilogue, 0, out_rows);
    for (int i = 0; i < kTile * kTile * kBlock; ++i) {
      const int y = i / (kTile * kBlock) + place / 3;
      const int x = i / kBlock % kTile + place % 3;
      // Values of at most 1, transformed there and back: some hundred rounding errors of that size.
      EXPECT_NEAR(out[size_of(i)], rows[size_of(y)][size_of(x * kBlock + i % kBlock)], 2e-5);
    }
  }
}

}  // namespace
}  // namespace lungrt::native
