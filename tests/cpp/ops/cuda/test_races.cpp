// Separate program under ThreadSanitizer: every thread of every block is a real thread, and
// conflicting accesses without atomic operations fail the test.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "host_machine.h"
#include "ops/cuda/block_sums.h"
#include "ops/cuda/labelling.h"
#include "ops/cuda/tensors.h"

namespace lungrt::ops::cuda {
namespace {

using testing::HostGrid;
using testing::HostMachine;

constexpr HostGrid kReal{4, 3, 1, true};
constexpr MaskShape kShape{7, 9, 150, 3};

std::vector<std::int16_t> random_hu() {
  std::mt19937 random(1);
  std::vector<std::int16_t> hu(7 * 9 * 150);
  for (auto& value : hu)
    value = static_cast<std::int16_t>(static_cast<int>(random() % 4000) - 2000);
  return hu;
}

std::vector<std::uint64_t> random_mask(unsigned percent) {
  std::mt19937 random(percent);
  std::vector<std::uint64_t> words(static_cast<std::size_t>(kShape.all_words()));
  for (std::size_t w = 0; w < words.size(); ++w) {
    for (int bit = 0; bit < (w % 3 == 2 ? 150 - 128 : 64); ++bit) {
      words[w] |= std::uint64_t{random() % 100 < percent} << bit;
    }
  }
  return words;
}

bool same(const ComponentSums& a, const ComponentSums& b) {
  return a.voxels == b.voxels && a.weight == b.weight && a.by_slice == b.by_slice &&
         a.by_row == b.by_row && a.by_column == b.by_column && a.shell == b.shell &&
         a.low_slice == b.low_slice && a.low_row == b.low_row && a.low_column == b.low_column &&
         a.high_slice == b.high_slice && a.high_row == b.high_row && a.high_column == b.high_column;
}

class Races : public ::testing::TestWithParam<unsigned> {};

TEST_P(Races, NoneInLabelling) {
  const std::vector<std::uint64_t> mask = random_mask(GetParam());
  const std::vector<std::int16_t> hu = random_hu();
  HostMachine one({1, 1, 1, false}), many(kReal);
  Labelling<HostMachine> expected(one), found(many);
  for (const bool erode : {true, false}) {
    const auto a = expected.components(mask.data(), hu.data(), kShape, erode);
    const auto b = found.components(mask.data(), hu.data(), kShape, erode);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t c = 0; c < a.size(); ++c) EXPECT_TRUE(same(a[c], b[c])) << c;
  }
}

INSTANTIATE_TEST_SUITE_P(Densities, Races, ::testing::Values(20U, 45U, 60U, 95U, 99U));

TEST(RacesOfOthers, None) {
  const std::vector<std::int16_t> hu = random_hu();
  const Shape shape{7, 9, 150};
  const Normalization normalization{-1000.0F, 1000.0F, 0.001F, 0.0F};
  HostMachine machine(kReal);
  std::vector<float> tensor(7 * 3 * 13 * 154, 0.0F);
  for (const bool channels_last : {false, true}) {
    const StackContext stack{hu.data(), shape, {0, 0, 9, 150}, normalization, 0, 7, 1, 2,
                             13,        154,   channels_last,  tensor.data()};
    machine.launch(stack.rows(), stack);
  }
  const std::vector<std::int64_t> origins{0, 0, 0, 3, 4, 100};
  const GatherCrops gather{hu.data(), shape,      normalization, origins.data(),
                           2,         {4, 5, 50}, tensor.data()};
  machine.launch(gather.planes(), gather);

  std::vector<std::uint64_t> mask(static_cast<std::size_t>(kShape.all_words()));
  std::int64_t nan = std::numeric_limits<std::int64_t>::max();
  tensor[1000] = tensor[5000] = std::numeric_limits<float>::quiet_NaN();
  const Threshold threshold{tensor.data(),  154,    154 * 9,     0.5F, 0, 7,
                            {0, 0, 9, 150}, kShape, mask.data(), &nan};
  machine.launch(threshold.tiles(), threshold);
  EXPECT_EQ(nan, 1000 / 154 * 150 + 1000 % 154);

  std::vector<std::int32_t> sums(4 * 3 * 38, -1);
  const BlockSums blocks{hu.data(), shape, {2, 3, 4}, sums.data()};
  machine.launch(blocks.rows(), blocks);
  EXPECT_EQ(std::count(sums.begin(), sums.end(), -1), 0);
}

}  // namespace
}  // namespace lungrt::ops::cuda
