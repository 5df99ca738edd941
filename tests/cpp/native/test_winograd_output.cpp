#include "native/winograd_reference.h"

namespace lungrt::native {
namespace {

using namespace testing;  // NOLINT: the tests' own

/// Sums at every position, and the expected output of the transform.
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

class WinogradOutput : public KernelTest {};
INSTANTIATE_TEST_SUITE_P(All, WinogradOutput, every_table(), name_of);

TEST_P(WinogradOutput, TransformsSumsBack) {
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

TEST_P(WinogradOutput, PoolsTwoPlanesAsItTransformsBack) {
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

TEST_P(WinogradOutput, PoolingKeepsNan) {
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
      // A determines which outputs depend on a position; all of these, and their maximum, must be
      // NaN.
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

}  // namespace
}  // namespace lungrt::native
