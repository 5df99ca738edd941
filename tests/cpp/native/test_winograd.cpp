#include <array>

#include "native/kernel_test.h"
#include "native/packing.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

constexpr int kSide = kTile + 2;
using Matrix = std::array<std::array<double, kSide>, kSide>;

/// B^T of F(4 x 4, 3 x 3) for the points 0, 1, -1, 2, -2 and infinity.
constexpr Matrix kInput{{{4, 0, -5, 0, 1, 0},
                         {0, -4, -4, 1, 1, 0},
                         {0, 4, -4, -1, 1, 0},
                         {0, -2, -1, 2, 1, 0},
                         {0, 2, -1, -2, 1, 0},
                         {0, 4, 0, -5, 0, 1}}};
/// A^T, the last two rows unused.
constexpr Matrix kOutput{
    {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};

/// M d M^T, or of absolute values: what the error of computing it is proportional to.
Matrix both_sides(const Matrix& transform, const Matrix& values, bool absolute) {
  const auto of = [absolute](double value) { return absolute ? std::abs(value) : value; };
  Matrix half{};
  Matrix result{};
  for (std::size_t i = 0; i < kSide; ++i) {
    for (std::size_t j = 0; j < kSide; ++j) {
      for (std::size_t k = 0; k < kSide; ++k) half[i][j] += of(transform[i][k]) * of(values[k][j]);
    }
  }
  for (std::size_t i = 0; i < kSide; ++i) {
    for (std::size_t j = 0; j < kSide; ++j) {
      for (std::size_t k = 0; k < kSide; ++k) result[i][j] += half[i][k] * of(transform[j][k]);
    }
  }
  return result;
}

/// A column of six goes through at most three operations that depend on each other, each of which
/// rounds (twice where it is not fused); columns, then rows.
constexpr double kInputRoundings = 2 * 2 * 3;
/// The same of the way back, where it is four.
constexpr double kOutputRoundings = 2 * 2 * 4;

/// Six rows of a strip, no longer than the contract lets a kernel read.
struct Strip {
  Strip(Random& random, int tiles, int floats)
      : stride(floats), values(kSide, random.values(size_of((kTile * tiles + 2) * floats))) {
    for (auto& row : values) row = random.values(row.size());
    for (const auto& row : values) rows.push_back(row.data());
  }
  Matrix tile(int index, int channel) const {
    Matrix result{};
    for (int r = 0; r < kSide; ++r) {
      for (int c = 0; c < kSide; ++c) {
        result[size_of(r)][size_of(c)] = rows[size_of(r)][(index * kTile + c) * stride + channel];
      }
    }
    return result;
  }
  int stride;
  std::vector<std::vector<float>> values;
  std::vector<const float*> rows;
};

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
INSTANTIATE_TEST_SUITE_P(All, Winograd, every_instruction_set(), name_of);

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
          // The bias counts at (1, 1), which adds to all sixteen outputs alike.
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

/// Sums at every position, and what the transform back makes of them.
struct Sums {
  Sums(Random& random, int count)
      : tiles(count), stride(size_of((count + 1) * kBlock)), values(random.values(36 * stride)) {}
  Expected at(int tile, int lane, int row, int column, const Epilogue& epilogue,
              int channel) const {
    Matrix positions{};
    for (int p = 0; p < kPositions; ++p) {
      positions[size_of(p / kSide)][size_of(p % kSide)] =
          values[size_of(p) * stride + size_of(tile * kBlock + lane)];
    }
    const double value = both_sides(kOutput, positions, false)[size_of(row)][size_of(column)];
    const double size = both_sides(kOutput, positions, true)[size_of(row)][size_of(column)];
    return after_epilogue({value, kOutputRoundings * kRounding * size}, epilogue, channel);
  }
  int tiles;
  std::size_t stride;
  std::vector<float> values;
};

TEST_P(Winograd, TransformsSumsBack) {
  Random random(4);
  for (int tiles = 1; tiles <= 17; tiles += 4) {
    for (const Activation activation : kActivations) {
      const Sums sums(random, tiles);
      const RandomEpilogue epilogue(random, 2, activation);
      const int block = tiles % 2;
      std::vector<Watched> rows(kTile, Watched(tiles * kTile * kBlock));
      float* pointers[kTile];
      for (int r = 0; r < kTile; ++r) pointers[r] = rows[size_of(r)].data();
      kernels().winograd_output(sums.values.data(), sums.stride, tiles, epilogue.get(), block,
                                pointers);
      for (int r = 0; r < kTile; ++r) {
        for (int i = 0; i < tiles * kTile * kBlock; ++i) {
          const int x = i / kBlock;
          expect_near(rows[size_of(r)][i],
                      sums.at(x / kTile, i % kBlock, r, x % kTile, epilogue.get(),
                              block * kBlock + i % kBlock),
                      "pixel " + std::to_string(x));
        }
        rows[size_of(r)].expect_untouched_but(
            [&](std::ptrdiff_t at) { return at >= 0 && at < tiles * kTile * kBlock; });
      }
    }
  }
}

TEST_P(Winograd, PoolsTwoPlanesAsItTransformsBack) {
  Random random(5);
  for (const int tiles : {1, 2, 5, 12}) {
    for (const Activation activation : kActivations) {
      const Sums sums(random, tiles);
      const RandomEpilogue epilogue(random, 1, activation);
      std::vector<Watched> rows(2, Watched(tiles * 2 * kBlock));
      float* pointers[2] = {rows[0].data(), rows[1].data()};
      kernels().winograd_output_pooled(sums.values.data(), sums.stride, tiles, epilogue.get(),
                                       pointers);
      for (int y = 0; y < 2; ++y) {
        for (int x = 0; x < 2 * tiles; ++x) {
          for (int channel = 0; channel < kBlock / 2; ++channel) {
            Expected largest{-INFINITY, 0};
            for (int k = 0; k < 8; ++k) {  // two rows, two columns, two planes
              const int lane = channel + k / 4 * (kBlock / 2);
              const Expected one =
                  sums.at(x / 2, lane, 2 * y + k / 2 % 2, x % 2 * 2 + k % 2, epilogue.get(), lane);
              largest = {std::max(largest.value, one.value), std::max(largest.bound, one.bound)};
            }
            expect_near(rows[size_of(y)][x * kBlock + channel], largest, "pooled pixel");
          }
        }
        rows[size_of(y)].expect_untouched_but([&](std::ptrdiff_t at) {
          return at >= 0 && at < 2 * tiles * kBlock && at % kBlock < kBlock / 2;
        });
      }
    }
  }
}

TEST_P(Winograd, PoolingKeepsNan) {
  Random random(6);
  const std::vector<float> none(kBlock), one(kBlock, 1.0F);
  const Epilogue epilogue{none.data(), one.data(), none.data(), Activation::kRelu};
  for (int lane = 0; lane < kBlock; ++lane) {
    for (int position = 0; position < kPositions; ++position) {
      Sums sums(random, 1);
      sums.values[size_of(position) * sums.stride + size_of(lane)] = std::nanf("");
      Watched first(2 * kBlock), second(2 * kBlock);
      float* pointers[2] = {first.data(), second.data()};
      kernels().winograd_output_pooled(sums.values.data(), sums.stride, 1, epilogue, pointers);
      // Which outputs a position reaches, A says; each that it reaches, and so its maximum, is NaN.
      for (int y = 0; y < 2; ++y) {
        for (int x = 0; x < 2; ++x) {
          bool reached = false;
          for (int k = 0; k < 4; ++k) {
            reached = reached || (kOutput[size_of(2 * y + k / 2)][size_of(position / kSide)] != 0 &&
                                  kOutput[size_of(2 * x + k % 2)][size_of(position % kSide)] != 0);
          }
          const Watched& row = y == 0 ? first : second;
          for (int channel = 0; channel < kBlock / 2; ++channel) {
            const bool its_own = channel == lane % (kBlock / 2);
            const bool is_nan = std::isnan(row[x * kBlock + channel]);
            EXPECT_TRUE(its_own ? is_nan || !reached : !is_nan)
                << "lane " << lane << ", position " << position;
          }
        }
      }
    }
  }
}

/// The three kernels one after the other are a convolution with 3 x 3 kernels.
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
      Matrix sizes{};  // of the sums at every position
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
      // What every step rounds, carried through the absolute values of those after it; the weights
      // round once, and the products as a direct sum of as many terms.
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
