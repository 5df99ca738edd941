#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "expect_error.h"
#include "ops/threshold.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::expect_error;

TEST(ThresholdSlice, SetsWhatIsStrictlyGreaterAtAnyWidth) {
  std::mt19937 random(1);
  const float below = std::nextafter(0.5F, 0.0F), above = std::nextafter(0.5F, 1.0F);
  for (const std::int64_t columns : {1, 63, 64, 65, 127, 128, 200}) {
    const VolumeShape shape{3, 5, columns};
    const std::int64_t stride = columns + 3;
    std::vector<float> values(static_cast<std::size_t>(5 * stride), 1.0F);
    for (std::int64_t y = 0; y < 5; ++y) {
      for (std::int64_t x = 0; x < columns; ++x) {
        const auto pick = random() % 3;
        values[static_cast<std::size_t>(y * stride + x)] = pick == 0   ? below
                                                           : pick == 1 ? 0.5F
                                                                       : above;
      }
    }
    NoduleMask mask(shape);
    mask.row(1, 2)[0] = 1;  // must be cleared
    threshold_slice(values.data(), stride, 0.5F, 1, mask);
    std::int64_t set = 0;
    for (std::int64_t y = 0; y < 5; ++y) {
      for (std::int64_t x = 0; x < columns; ++x) {
        const bool expected = values[static_cast<std::size_t>(y * stride + x)] == above;
        ASSERT_EQ(mask.at({1, y, x}), expected) << columns << " " << y << " " << x;
        set += expected ? 1 : 0;
      }
    }
    EXPECT_EQ(mask.count(), set);  // other slices, and bits past the last column, stay zero
  }
}

TEST(ThresholdWindow, SetsTheWindowAndClearsTheRestOfTheSlice) {
  std::mt19937 random(2);
  for (const std::int64_t columns : {5, 64, 100, 128, 200}) {
    for (const std::int64_t first : {0, 1, 3, 63, 64, 70}) {
      for (const std::int64_t width : {1, 2, 64, 65, 130}) {
        if (first + width > columns) continue;
        const SliceWindow window{1, first, 3, width};
        const std::int64_t stride = width + 2;
        std::vector<float> values(static_cast<std::size_t>(3 * stride));
        for (float& value : values) value = random() % 2 == 0 ? 0.25F : 0.75F;
        NoduleMask mask({2, 5, columns});
        for (std::int64_t row = 0; row < 5; ++row) mask.row(1, row)[0] = 1;
        threshold_window(values.data(), stride, 0.5F, 1, window, mask);
        std::int64_t set = 0;
        for (std::int64_t y = 0; y < 5; ++y) {
          for (std::int64_t x = 0; x < columns; ++x) {
            const bool expected =
                window.contains(y, x) &&
                values[static_cast<std::size_t>((y - 1) * stride + x - first)] > 0.5F;
            ASSERT_EQ(mask.at({1, y, x}), expected) << columns << " " << first << " " << x;
            set += expected ? 1 : 0;
          }
        }
        EXPECT_EQ(mask.count(), set);
      }
    }
  }
}

TEST(ThresholdWindow, NamesTheVoxelOfANaN) {
  std::vector<float> values(12, 0.0F);
  values[6] = std::numeric_limits<float>::quiet_NaN();  // second row, third column of the window
  NoduleMask mask({3, 9, 9});
  expect_error(ErrorCode::kInference, {"slice 2, row 6, column 5"},
               [&] { threshold_window(values.data(), 4, 0.5F, 2, {5, 3, 3, 4}, mask); });
}

TEST(ThresholdSlice, RefusesNaNAndNamesTheVoxel) {
  for (const std::int64_t x : {0, 63, 64, 99}) {
    std::vector<float> values(300, 0.0F);
    values[static_cast<std::size_t>(200 + x)] = std::numeric_limits<float>::quiet_NaN();
    NoduleMask mask({4, 3, 100});
    const std::string place = "(slice 3, row 2, column " + std::to_string(x) + ")";
    expect_error(ErrorCode::kInference, {"NaN", place.c_str()},
                 [&] { threshold_slice(values.data(), 100, 0.5F, 3, mask); });
  }
}

TEST(ThresholdSlice, DoesNotReadBetweenRows) {
  std::vector<float> values(2 * 70, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t x = 0; x < 65; ++x) values[x] = values[70 + x] = 1.0F;
  NoduleMask mask({1, 2, 65});
  threshold_slice(values.data(), 70, 0.5F, 0, mask);
  EXPECT_EQ(mask.count(), 130);
}

}  // namespace
}  // namespace lungrt::ops
