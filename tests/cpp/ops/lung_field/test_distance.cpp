#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/lung_field/cell_test.h"
#include "ops/lung_field/distance.h"

namespace lungrt::ops {
namespace {

using testing::random_mask;

constexpr CellSpacing kSpacing{2.5, 4.2, 3.9};

double between(const VoxelIndex& a, const VoxelIndex& b) {
  return std::hypot(kSpacing[0] * static_cast<double>(a.slice - b.slice),
                    kSpacing[1] * static_cast<double>(a.row - b.row),
                    kSpacing[2] * static_cast<double>(a.column - b.column));
}

TEST(Distance, IsThatToTheNearestSetCellUpToTheReach) {
  for (const VolumeShape shape : {VolumeShape{1, 1, 1}, {9, 8, 10}, {1, 12, 3}, {14, 2, 2}}) {
    const CellMask mask = random_mask(shape, 0.02, 5);
    for (const double reach : {3.0, 12.0, 200.0}) {
      const Cells<float> found = distance_to(mask, reach, kSpacing);
      for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
        double nearest = std::numeric_limits<double>::infinity();
        for (std::int64_t other = 0; other < mask.size(); ++other) {
          if (mask[other])
            nearest = std::min(nearest, between(mask.place(cell), mask.place(other)));
        }
        if (nearest > reach) {
          EXPECT_TRUE(std::isinf(found[cell]));
        } else {
          EXPECT_NEAR(found[cell], nearest, 1e-4);
        }
      }
    }
  }
}

TEST(Distance, DepthIsThatToTheNearestCellThatIsNotSet) {
  CellMask mask({1, 1, 7});
  for (std::int64_t c = 1; c < 6; ++c) mask[c] = 1;
  const Cells<float> depth = depth_in(mask, 100.0, {1, 1, 2});
  for (std::int64_t c = 0; c < 7; ++c) {
    EXPECT_FLOAT_EQ(depth[c], 2.0F * static_cast<float>(std::min(c, 6 - c))) << c;
  }
}

TEST(Distance, CountsACellAtExactlyTheDistance) {
  CellMask mask({1, 1, 9});
  mask[0] = 1;
  const CellMask near = within_distance(mask, 3 * 0.7, {0.7, 0.7, 0.7});
  for (std::int64_t c = 0; c < 9; ++c) EXPECT_EQ(near[c] != 0, c <= 3) << c;
}

TEST(Distance, ClosingFillsABayNarrowerThanTheBallAndNoWider) {
  CellMask walls({9, 20, 20});
  for (std::int64_t s = 0; s < 9; ++s) {
    for (std::int64_t r = 0; r < 20; ++r) {
      for (std::int64_t c = 0; c < 20; ++c)
        walls.at(s, r, c) = c < 5 || (c >= 9 && r < 10) || r < 3;
    }
  }
  const CellMask closed = close_with_ball(walls, 3.0, {1, 1, 1});
  EXPECT_EQ(closed.at(4, 6, 7), 1);    // in the bay, 4 cells wide
  EXPECT_EQ(closed.at(0, 6, 7), 1);    // also where the end of the scan cuts it
  EXPECT_EQ(closed.at(4, 16, 15), 0);  // the open side
  for (std::int64_t cell = 0; cell < walls.size(); ++cell) EXPECT_GE(closed[cell], walls[cell]);
}

}  // namespace
}  // namespace lungrt::ops
