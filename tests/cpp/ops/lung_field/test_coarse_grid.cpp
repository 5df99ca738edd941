#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "expect_error.h"
#include "ops/lung_field/coarse_grid.h"

namespace lungrt::ops {
namespace {

constexpr Matrix3 kStraight{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

TEST(CoarseGrid, BlocksComeNearestToThePitch) {
  EXPECT_EQ(block_size(Geometry({}, {0.7, 0.7, 2.5}, kStraight), 4.0), (BlockSize{2, 6, 6}));
  EXPECT_EQ(block_size(Geometry({}, {0.5, 0.9, 5.0}, kStraight), 4.0), (BlockSize{1, 4, 8}));
  EXPECT_EQ(block_size(Geometry({}, {9.0, 4.0, 0.5}, kStraight), 4.0), (BlockSize{8, 1, 1}));
}

// Sums of a cell are int32 and numbers of cells int64; both used to overflow.
TEST(CoarseGrid, RefusesSpacingsThatMakeCellsOfMillionsOfVoxels) {
  EXPECT_EQ(block_size(Geometry({}, {4.0 / 128, 4.0 / 128, 4.0 / 128}, kStraight), 4.0),
            (BlockSize{128, 128, 128}));
  for (const double spacing : {4.0 / 130, 1e-6}) {
    lungrt::testing::expect_error(
        ErrorCode::kBadVolume, {"spacing", "too fine", "region 'volume'"},
        [=] { block_size(Geometry({}, {spacing, spacing, spacing}, kStraight), 4.0); });
  }
}

TEST(CoarseGrid, TheLargestCellHoldsItsSum) {
  const VolumeShape shape{128, 128, 128};
  const std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()), -32768);
  const CtVolume volume(hu.data(), shape, Geometry(), nullptr);
  const BlockSize block{128, 128, 128};
  Cells<std::int32_t> sums(cells_over(shape, block));
  add_block_sums(volume, block, 0, 1, sums);
  EXPECT_EQ(coarse_grid(volume, block, sums).hu[0], -1024.0F);
}

TEST(CoarseGrid, MeansAreThoseOfClampedVoxels) {
  const VolumeShape shape{5, 7, 9};
  std::mt19937 random(4);
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  for (auto& value : hu)
    value = static_cast<std::int16_t>(static_cast<int>(random() % 7000) - 3200);
  const CtVolume volume(hu.data(), shape, Geometry({}, {1, 1, 2}, kStraight), nullptr);
  const BlockSize block{2, 3, 4};
  Cells<std::int32_t> sums(cells_over(shape, block));
  EXPECT_EQ(sums.shape(), (VolumeShape{3, 3, 3}));
  add_block_sums(volume, block, 2, 3, sums);  // part by part
  add_block_sums(volume, block, 0, 2, sums);
  const CoarseGrid grid = coarse_grid(volume, block, sums);
  EXPECT_EQ(grid.spacing_mm, (CellSpacing{4, 3, 4}));
  for (std::int64_t cell = 0; cell < grid.hu.size(); ++cell) {
    const VoxelIndex at = grid.hu.place(cell);
    std::int64_t sum = 0, voxels = 0;
    for (std::int64_t z = at.slice * 2; z < std::min<std::int64_t>(5, at.slice * 2 + 2); ++z) {
      for (std::int64_t y = at.row * 3; y < std::min<std::int64_t>(7, at.row * 3 + 3); ++y) {
        for (std::int64_t x = at.column * 4; x < std::min<std::int64_t>(9, at.column * 4 + 4);
             ++x) {
          sum += std::clamp<int>(volume.slice(z)[y * 9 + x], -1024, 1000);
          ++voxels;
        }
      }
    }
    EXPECT_EQ(block_voxels(shape, block, at), voxels);
    EXPECT_FLOAT_EQ(grid.hu[cell], static_cast<float>(sum) / static_cast<float>(voxels));
  }
}

TEST(PatientAxes, TurnAnyImageUpright) {
  // Sagittal slices from left to right; rows run downwards, columns to the front.
  const Matrix3 sagittal{{{0, 0, -1}, {-1, 0, 0}, {0, -1, 0}}};
  const PatientAxes axes(sagittal);
  const VolumeShape image{10, 20, 30};  // left to right, down, front
  EXPECT_EQ(axes.reordered(image), (VolumeShape{20, 30, 10}));
  // The most superior, posterior, left cell is in the first row, first column and first slice.
  EXPECT_EQ(axes.to_image({19, 29, 9}, image), (VoxelIndex{0, 0, 0}));
  EXPECT_EQ(axes.to_image({0, 0, 0}, image), (VoxelIndex{9, 19, 29}));
}

TEST(PatientAxes, ComeFromTheWorldPositionsOfVoxels) {
  // For any direction, the world coordinate grows along each patient axis.
  std::array<std::size_t, 3> order{0, 1, 2};
  do {
    for (int signs = 0; signs < 8; ++signs) {
      Matrix3 direction{};
      for (std::size_t axis = 0; axis < 3; ++axis) {
        direction[order[axis]][axis] = (signs >> axis & 1) != 0 ? -1.0 : 1.0;
      }
      const Geometry geometry({5, -7, 9}, {0.5, 0.7, 2.0}, direction);
      const PatientAxes axes(direction);
      const VolumeShape image{4, 5, 6};
      const Vec3 start = geometry.to_world(axes.to_image({0, 0, 0}, image));
      EXPECT_GT(geometry.to_world(axes.to_image({1, 0, 0}, image))[2], start[2]);
      EXPECT_GT(geometry.to_world(axes.to_image({0, 1, 0}, image))[1], start[1]);
      EXPECT_GT(geometry.to_world(axes.to_image({0, 0, 1}, image))[0], start[0]);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(CoarseGrid, MasksGoBackToTheOrderOfTheImage) {
  const Matrix3 flipped{{{-1, 0, 0}, {0, 1, 0}, {0, 0, -1}}};
  const Geometry geometry({}, {1, 1, 1}, flipped);
  CellMask mask({2, 1, 3});
  mask.at(1, 0, 0) = 1;  // superior, right
  const CellMask image = to_image_order(mask, geometry, {2, 1, 3});
  EXPECT_EQ(count(image), 1);
  EXPECT_EQ(image.at(0, 0, 2), 1);
}

}  // namespace
}  // namespace lungrt::ops
