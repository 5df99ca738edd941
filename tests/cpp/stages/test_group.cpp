#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "expect_error.h"
#include "stages/group.h"

namespace lungrt {
namespace {

using testing::expect_error;

/// Volume of uniform density whose mask has a solid box around each centre.
struct Scene {
  VolumeShape shape;
  std::vector<std::int16_t> hu;
  std::vector<std::uint8_t> mask;

  explicit Scene(VolumeShape s)
      : shape(s),
        hu(static_cast<std::size_t>(s.voxels()), 0),
        mask(static_cast<std::size_t>(s.voxels()), 0) {}

  void box(VoxelIndex center, std::int64_t radius) {
    for (std::int64_t z = center.slice - radius; z <= center.slice + radius; ++z)
      for (std::int64_t y = center.row - radius; y <= center.row + radius; ++y)
        for (std::int64_t x = center.column - radius; x <= center.column + radius; ++x)
          mask[static_cast<std::size_t>((z * shape.rows + y) * shape.columns + x)] = 1;
  }
  CtVolume volume(const Geometry& geometry = {}) const {
    return {hu.data(), shape, geometry, nullptr};
  }
  NoduleMask bits() const { return NoduleMask::from_bytes(mask.data(), shape); }
};

TEST(GroupCandidates, FindsCentresAndGivesBackWhatTheErosionTook) {
  Scene scene({9, 20, 30});
  scene.box({4, 10, 15}, 2);
  const Geometry geometry({-10, -20, 5}, {0.5, 0.5, 2.0}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
  const GroupResult result =
      group_candidates(scene.volume(geometry), scene.bits(), InverseTransform::kBook);
  ASSERT_EQ(result.candidates.size(), 1U);
  const Candidate& candidate = result.candidates.front();
  EXPECT_EQ(candidate.index, (VoxelIndex{4, 10, 15}));
  EXPECT_EQ(candidate.center_mm, (Vec3{-10 + 15 * 0.5, -20 + 10 * 0.5, 5 + 4 * 2.0}));
  EXPECT_EQ(result.mask_voxels, 27);
  // A 3x3x3 core dilated by the cross: 27 and nine voxels on each of six faces; a voxel is 0.5 mm3.
  EXPECT_DOUBLE_EQ(candidate.volume_mm3, (27 + 6 * 9) * 0.5);
  EXPECT_NEAR(candidate.volume_mm3, std::numbers::pi / 6 * std::pow(candidate.diameter_mm, 3),
              1e-9);
}

TEST(GroupCandidates, ACentreBetweenTwoVoxelsDoesNotDependOnTheOrigin) {
  // Eroded to two columns and two slices: the centre is (4.5, 10, 15.5). With spacings like these,
  // the way to the world and back rounds to either side of a half.
  Scene scene({12, 20, 30});
  scene.box({4, 10, 15}, 2);
  scene.box({5, 10, 16}, 2);
  scene.box({4, 10, 16}, 2);
  scene.box({5, 10, 15}, 2);
  for (int origin = 0; origin < 200; ++origin) {
    const double mm = -123.4 + 0.37 * origin;
    const Geometry geometry({mm, mm, mm}, {0.683594, 0.7, 1.3},
                            {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
    const GroupResult result =
        group_candidates(scene.volume(geometry), scene.bits(), InverseTransform::kExact);
    ASSERT_EQ(result.candidates.size(), 1U);
    EXPECT_EQ(result.candidates.front().index, (VoxelIndex{4, 10, 16})) << mm;  // half to even
  }
}

TEST(GroupCandidates, OrdersByUnroundedWorldCentre) {
  Scene scene({20, 24, 24});
  scene.box({4, 4, 18}, 2);  // first in scan order, last along x
  scene.box({10, 16, 6}, 2);
  scene.box({16, 6, 6}, 2);  // same x, smaller y
  const GroupResult result =
      group_candidates(scene.volume(), scene.bits(), InverseTransform::kBook);
  ASSERT_EQ(result.candidates.size(), 3U);
  EXPECT_EQ(result.candidates[0].index, (VoxelIndex{16, 6, 6}));
  EXPECT_EQ(result.candidates[1].index, (VoxelIndex{10, 16, 6}));
  EXPECT_EQ(result.candidates[2].index, (VoxelIndex{4, 4, 18}));
}

TEST(GroupCandidates, EmptyIsAResult) {
  const Scene scene({3, 8, 8});
  const GroupResult result =
      group_candidates(scene.volume(), scene.bits(), InverseTransform::kBook);
  EXPECT_TRUE(result.candidates.empty());
  EXPECT_EQ(result.mask_voxels, 0);
}

TEST(GroupCandidates, NamesTheCandidateThatTheBooksInverseThrowsOut) {
  Scene scene({9, 40, 40});
  scene.box({4, 35, 10}, 2);
  const double c = std::cos(0.6), s = std::sin(0.6);
  const Geometry oblique({0, 0, 0}, {1, 1, 1}, {{{c, -s, 0}, {s, c, 0}, {0, 0, 1}}});
  expect_error(ErrorCode::kBadVolume, {"(4, 35, 10)", "outside", "oblique", "exact", "lung"}, [&] {
    group_candidates(scene.volume(oblique), scene.bits(), InverseTransform::kBook);
  });
  const GroupResult exact =
      group_candidates(scene.volume(oblique), scene.bits(), InverseTransform::kExact);
  ASSERT_EQ(exact.candidates.size(), 1U);
  EXPECT_EQ(exact.candidates.front().index, (VoxelIndex{4, 35, 10}));
}

TEST(GroupCandidates, RefusesAMaskOfAnotherShape) {
  const Scene scene({3, 8, 8});
  expect_error(ErrorCode::kInvalidArgument,
               {"the mask has 3 x 8 x 9 voxels, the volume 3 x 8 x 8", "expected the same"}, [&] {
                 group_candidates(scene.volume(), NoduleMask({3, 8, 9}), InverseTransform::kBook);
               });
}

}  // namespace
}  // namespace lungrt
