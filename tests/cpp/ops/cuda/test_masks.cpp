#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "grids.h"
#include "lungrt/mask.h"
#include "ops/cuda/masks.h"
#include "ops/threshold.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::host_grids;
using lungrt::testing::HostGrid;
using lungrt::testing::HostMachine;

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

cuda::MaskShape shape_of(const NoduleMask& mask) {
  const VolumeShape& shape = mask.shape();
  return {static_cast<std::int32_t>(shape.slices), static_cast<std::int32_t>(shape.rows),
          static_cast<std::int32_t>(shape.columns),
          static_cast<std::int32_t>(mask.words_per_row())};
}

std::vector<std::uint8_t> bytes_of(const NoduleMask& mask) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(mask.shape().voxels()));
  mask.to_bytes(bytes.data());
  return bytes;
}

/// Random values, also at and next to the threshold.
std::vector<float> random_probabilities(std::int64_t count) {
  std::mt19937 random(4);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random() % 9) / 8.0F;
  return values;
}

TEST(CudaThreshold, EqualsTheCpusOnWholeSlices) {
  for (const std::int64_t columns : {1, 63, 64, 65, 127, 128, 200}) {
    const VolumeShape shape{5, 7, columns};
    const std::int64_t stride = columns + 3, item = stride * 9;  // padded rows and columns
    const std::vector<float> probability = random_probabilities(item * shape.slices);
    NoduleMask expected(shape);
    for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
      threshold_slice(probability.data() + slice * item, stride, 0.5F, slice, expected);
    }
    for (const HostGrid& grid : host_grids()) {
      NoduleMask found(shape);
      std::int64_t nan = kNone;
      HostMachine machine(grid);
      for (const std::int64_t first : {0, 3}) {  // two batches, of which the last one is short
        const cuda::Threshold kernel{probability.data() + first * item,
                                     stride,
                                     item,
                                     0.5F,
                                     first,
                                     std::min<std::int64_t>(3, 5 - first),
                                     {0, 0, 7, columns},
                                     shape_of(found),
                                     found.row(0, 0),
                                     &nan};
        machine.launch(kernel.tiles(), kernel);
      }
      ASSERT_EQ(bytes_of(found), bytes_of(expected)) << columns << " columns";
      ASSERT_EQ(nan, kNone);
    }
  }
}

TEST(CudaThreshold, AWindowLeavesOtherBitsAlone) {
  const VolumeShape shape{3, 8, 200};
  const std::vector<float> probability = random_probabilities(3 * 8 * 200);
  std::mt19937 random(9);
  std::vector<std::uint8_t> before(static_cast<std::size_t>(shape.voxels()));
  for (auto& byte : before) byte = random() % 2;
  for (const cuda::Window window :
       {cuda::Window{2, 30, 5, 100}, {0, 64, 8, 64}, {7, 199, 1, 1}, {1, 100, 3, 20}}) {
    std::vector<std::uint8_t> expected = before;
    for (std::int64_t z = 1; z < 3; ++z)
      for (std::int64_t y = 0; y < window.rows; ++y)
        for (std::int64_t x = 0; x < window.columns; ++x) {
          const std::int64_t place = (z * 8 + window.first_row + y) * 200 + window.first_column + x;
          const auto value = probability[static_cast<std::size_t>((z - 1) * 1600 + y * 200 + x)];
          expected[static_cast<std::size_t>(place)] = value > 0.5F ? 1 : 0;
        }
    for (const HostGrid& grid : host_grids()) {
      NoduleMask found = NoduleMask::from_bytes(before.data(), shape);
      std::int64_t nan = kNone;
      const cuda::Threshold kernel{
          probability.data(), 200, 1600, 0.5F, 1, 2, window, shape_of(found),
          found.row(0, 0),    &nan};
      HostMachine(grid).launch(kernel.tiles(), kernel);
      ASSERT_EQ(bytes_of(found), expected);
    }
  }
}

TEST(CudaThreshold, TellsTheFirstNaN) {
  const VolumeShape shape{4, 6, 70};
  std::vector<float> probability(static_cast<std::size_t>(shape.voxels()), 0.25F);
  for (const std::size_t place : {1500U, 433U, 1001U}) {
    probability[place] = std::numeric_limits<float>::quiet_NaN();
  }
  for (const HostGrid& grid : host_grids()) {
    NoduleMask mask(shape);
    std::int64_t nan = kNone;
    const cuda::Threshold kernel{
        probability.data(), 70,  420, 0.5F, 0, 4, {0, 0, 6, 70}, shape_of(mask),
        mask.row(0, 0),     &nan};
    HostMachine(grid).launch(kernel.tiles(), kernel);
    EXPECT_EQ(nan, 433);
  }
}

TEST(CudaErode, EqualsTheCpus) {
  std::mt19937 random(21);
  for (const VolumeShape shape : {VolumeShape{1, 1, 1},
                                  {3, 3, 3},
                                  {2, 9, 64},
                                  {5, 7, 63},
                                  {5, 7, 64},
                                  {5, 7, 65},
                                  {6, 5, 193}}) {
    for (const unsigned percent : {80U, 95U, 100U}) {
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(shape.voxels()));
      for (auto& byte : bytes) byte = random() % 100 < percent;
      const NoduleMask mask = NoduleMask::from_bytes(bytes.data(), shape);
      const NoduleMask expected = erode(mask);
      for (const HostGrid& grid : host_grids()) {
        NoduleMask found(shape);
        const cuda::Erode kernel{mask.row(0, 0), shape_of(mask), found.row(0, 0)};
        HostMachine(grid).launch(9, kernel);
        ASSERT_EQ(bytes_of(found), bytes_of(expected));
      }
    }
  }
}

}  // namespace
}  // namespace lungrt::ops
