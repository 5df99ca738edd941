#include "native/packing.h"
#include "native/winograd_reference.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

void expect_transformed(const Watched& out, int tile, int lane, const Matrix& pixels) {
  const Matrix value = both_sides(kInput, pixels, false);
  const Matrix magnitude = both_sides(kInput, pixels, true);
  for (int position = 0; position < kPositions; ++position) {
    const auto r = size_of(position / kSide);
    const auto c = size_of(position % kSide);
    expect_near(out[tile * kTransformedTile + position * kBlock + lane],
                {value[r][c], kInputRoundings * kRounding * magnitude[r][c]},
                "position " + std::to_string(position) + ", tile " + std::to_string(tile));
  }
}

class Winograd : public KernelTest {};
INSTANTIATE_TEST_SUITE_P(All, Winograd, every_table(), name_of);

TEST_P(Winograd, TransformsTilesOfAStrip) {
  Random random(1);
  for (int tiles = 1; tiles <= 18; ++tiles) {
    const Strip strip(random, tiles, kBlock);
    Watched out(tiles * kTransformedTile);
    kernels().winograd_input(strip.rows.data(), tiles, out.data());
    for (int tile = 0; tile < tiles; ++tile) {
      for (int lane = 0; lane < kBlock; ++lane) {
        expect_transformed(out, tile, lane, strip.tile(tile, lane));
      }
    }
    out.expect_untouched_but(
        [&](std::ptrdiff_t at) { return at >= 0 && at < tiles * kTransformedTile; });
  }
}

TEST_P(Winograd, TransformsTwoStripsOfFewChannelsTogether) {
  Random random(2);
  for (const int tiles : {1, 2, 7, 8, 9, 12, 17}) {
    const Strip first(random, tiles, kBlock / 2);
    const Strip second(random, tiles, kBlock / 2);
    Watched out(tiles * kTransformedTile);
    kernels().winograd_input_pair(first.rows.data(), second.rows.data(), tiles, out.data());
    for (int tile = 0; tile < tiles; ++tile) {
      for (int lane = 0; lane < kBlock; ++lane) {
        const Strip& strip = lane < kBlock / 2 ? first : second;
        expect_transformed(out, tile, lane, strip.tile(tile, lane % (kBlock / 2)));
      }
    }
    out.expect_untouched_but(
        [&](std::ptrdiff_t at) { return at >= 0 && at < tiles * kTransformedTile; });
  }
}

TEST_P(Winograd, MultipliesAtEveryPosition) {
  Random random(3);
  const std::vector<std::vector<int>> many_channels{{16}, {1}, {5, 16}, {16, 16, 3, 16}};
  for (int tiles = 1; tiles <= 18; ++tiles) {
    const std::vector<int>& channels = many_channels[size_of(tiles) % many_channels.size()];
    const int blocks = 2;
    const std::size_t sums_stride = size_of((tiles + kTileSlack + 1) * kBlock);
    std::vector<std::vector<float>> inputs;
    std::vector<Segment> segments;
    int terms = 0;
    for (const int count : channels) {
      inputs.push_back(random.values(size_of((tiles + kTileSlack) * kTransformedTile)));
      segments.push_back({inputs.back().data(), count});
      terms += count;
    }
    const std::size_t block_stride = size_of(kPositions * terms * kBlock);
    const std::vector<float> weights = random.values(blocks * block_stride);
    const RandomEpilogue epilogue(random, blocks, Activation::kRelu);
    const Product product{weights.data(), blocks, block_stride, epilogue.get()};
    for (int block = 0; block < blocks; ++block) {
      Watched sums(static_cast<int>(kPositions * sums_stride));
      kernels().winograd_product(segments.data(), static_cast<int>(segments.size()), tiles, product,
                                 block, sums.data(), sums_stride);
      for (int position = 0; position < kPositions; ++position) {
        for (int i = 0; i < tiles * kBlock; ++i) {
          const int lane = i % kBlock;
          const float* weight =
              weights.data() + size_of(block) * block_stride + position * terms * kBlock + lane;
          // The bias is added at (1, 1), which has weight 1 in all sixteen outputs.
          double sum = position == kSide + 1 ? epilogue.bias[size_of(block * kBlock + lane)] : 0;
          double magnitude = std::abs(sum);
          for (const Segment& segment : segments) {
            const float* value = segment.values + i / kBlock * kTransformedTile + position * kBlock;
            for (int c = 0; c < segment.channels; ++c, weight += kBlock) {
              sum += double{*weight} * value[c];
              magnitude += std::abs(double{*weight} * value[c]);
            }
          }
          expect_near(sums[static_cast<std::ptrdiff_t>(size_of(position) * sums_stride) + i],
                      {sum, (terms + 2) * kRounding * magnitude}, "sum");
        }
      }
      sums.expect_untouched_but([&](std::ptrdiff_t at) {
        return at >= 0 &&
               at % static_cast<std::ptrdiff_t>(sums_stride) < (tiles + kTileSlack) * kBlock;
      });
    }
  }
}

/// The three kernels, one after the other, compute a convolution with 3 x 3 kernels.
TEST_P(Winograd, IsAConvolution) {
  Random random(7);
  const int channels = 16;
  const int tiles = kernels().chunk_tiles;
  std::vector<float> weights = random.values(size_of(kBlock * channels * 9));
  PackedProduct packed(kBlock, {channels}, kPositions,
                       [&](int, int channel, int lane, float* values) {
                         transform_kernel(weights.data() + (lane * channels + channel) * 9, values);
                       });
  for (int lane = 0; lane < kBlock; ++lane) {
    packed.set_epilogue(lane, random.uniform(-1, 1), random.uniform(-2, 2), random.uniform(-1, 1));
  }
  packed.set_activation(Activation::kLeakyRelu);
  const Product product = packed.product();

  const Strip strip(random, tiles, kBlock);
  const std::size_t stride = size_of((tiles + kTileSlack) * kBlock);
  std::vector<float> transformed(size_of((tiles + kTileSlack) * kTransformedTile));
  std::vector<float> sums(kPositions * stride);
  std::vector<std::vector<float>> rows(kTile, std::vector<float>(size_of(tiles * kTile * kBlock)));
  float* pointers[kTile];
  for (int r = 0; r < kTile; ++r) pointers[r] = rows[size_of(r)].data();
  kernels().winograd_input(strip.rows.data(), tiles, transformed.data());
  const Segment segment{transformed.data(), channels};
  kernels().winograd_product(&segment, 1, tiles, product, 0, sums.data(), stride);
  kernels().winograd_output(sums.data(), stride, tiles, product.epilogue, 0, pointers);

  for (int lane = 0; lane < kBlock; ++lane) {
    for (int tile = 0; tile < tiles; ++tile) {
      Matrix sizes{};  // sums of absolute values at every position
      Matrix direct{};
      for (auto& row : direct) row.fill(product.epilogue.bias[lane]);
      sizes[1][1] = std::abs(product.epilogue.bias[lane]);
      for (int channel = 0; channel < channels; ++channel) {
        const Matrix pixels = strip.tile(tile, channel);
        const Matrix inputs = both_sides(kInput, pixels, true);
        const float* kernel = weights.data() + (lane * channels + channel) * 9;
        float spread[kPositions];
        transform_kernel(kernel, spread);
        for (std::size_t p = 0; p < kPositions; ++p) {
          sizes[p / kSide][p % kSide] += std::abs(spread[p]) * inputs[p / kSide][p % kSide];
        }
        for (std::size_t k = 0; k < 9; ++k) {
          for (std::size_t y = 0; y < kTile; ++y) {
            for (std::size_t x = 0; x < kTile; ++x) {
              direct[y][x] += double{kernel[k]} * pixels[y + k / 3][x + k % 3];
            }
          }
        }
      }
      // Rounding errors of every step, propagated through the absolute values of the following
      // steps; the weights are rounded once, and the products like a direct sum of as many terms.
      const double roundings = kInputRoundings + 1 + (channels + 2) + kOutputRoundings;
      const Matrix bounds = both_sides(kOutput, sizes, true);
      for (int r = 0; r < kTile; ++r) {
        for (int c = 0; c < kTile; ++c) {
          const double bound = roundings * kRounding * bounds[size_of(r)][size_of(c)];
          expect_near(
              rows[size_of(r)][size_of((tile * kTile + c) * kBlock + lane)],
              after_epilogue({direct[size_of(r)][size_of(c)], bound}, product.epilogue, lane),
              "pixel " + std::to_string(tile * kTile + c));
        }
      }
    }
  }
}

}  // namespace
}  // namespace lungrt::native
