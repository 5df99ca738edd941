#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "expect_error.h"
#include "lungrt/geometry.h"

namespace lungrt {
namespace {

using testing::expect_error;

constexpr Matrix3 kIdentity{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Rotation about z, then about x, in radians.
Matrix3 rotation(double z, double x) {
  const double c = std::cos(z), s = std::sin(z), d = std::cos(x), t = std::sin(x);
  return {{{c, -s, 0}, {s * d, c * d, -t}, {s * t, c * t, d}}};
}

TEST(Geometry, DefaultIsTheIdentity) {
  const Geometry geometry;
  EXPECT_EQ(geometry.to_world(VoxelIndex{1, 2, 3}), (Vec3{3, 2, 1}));
  EXPECT_EQ(geometry.to_index({3, 2, 1}, InverseTransform::kBook), (VoxelIndex{1, 2, 3}));
  EXPECT_EQ(geometry.voxel_volume_mm3(), 1.0);
}

TEST(Geometry, WorldIsDirectionTimesScaledIndexPlusOrigin) {
  const Geometry geometry({-10, 20, 30}, {0.5, 0.75, 2.5}, {{{0, 0, 1}, {-1, 0, 0}, {0, 1, 0}}});
  // Columns run towards -y, rows towards z, slices towards x.
  EXPECT_EQ(geometry.to_world(VoxelIndex{2, 3, 4}),
            (Vec3{-10 + 2 * 2.5, 20 - 4 * 0.5, 30 + 3 * 0.75}));
  EXPECT_EQ(geometry.to_world(Vec3{0.5, 0.0, 0.25}), (Vec3{-10 + 1.25, 20 - 0.125, 30}));
  EXPECT_EQ(geometry.voxel_volume_mm3(), 0.5 * 0.75 * 2.5);
}

TEST(Geometry, HalvesRoundToEven) {
  const Geometry geometry({0, 0, 0}, {2, 2, 2}, kIdentity);
  for (const auto& [position, index] :
       {std::pair{0.5, 0}, {1.5, 2}, {2.5, 2}, {-0.5, 0}, {-1.5, -2}, {0.4999, 0}, {0.5001, 1}}) {
    for (const InverseTransform inverse : {InverseTransform::kBook, InverseTransform::kExact}) {
      EXPECT_EQ(geometry.to_index({2 * position, 0, 0}, inverse).column, index) << position;
      EXPECT_EQ(geometry.to_index({0, 2 * position, 0}, inverse).row, index) << position;
      EXPECT_EQ(geometry.to_index({0, 0, 2 * position}, inverse).slice, index) << position;
    }
  }
}

TEST(Geometry, ExactInverseUndoesToWorld) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> angle(-3, 3), spacing(0.3, 5), origin(-500, 500);
  std::uniform_int_distribution<std::int64_t> voxel(-100, 600);
  for (int i = 0; i < 200; ++i) {
    const Geometry geometry({origin(random), origin(random), origin(random)},
                            {spacing(random), spacing(random), spacing(random)},
                            rotation(angle(random), angle(random)));
    const VoxelIndex index{voxel(random), voxel(random), voxel(random)};
    EXPECT_EQ(geometry.to_index(geometry.to_world(index), InverseTransform::kExact), index);
  }
}

TEST(Geometry, BooksInverseMultipliesFromTheRight) {
  // Both transforms agree for a direction that is its own inverse.
  const Geometry flipped({5, 6, 7}, {1, 2, 3}, {{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}});
  EXPECT_EQ(flipped.to_index(flipped.to_world(VoxelIndex{4, 5, 6}), InverseTransform::kBook),
            (VoxelIndex{4, 5, 6}));
  // A quarter turn is not its own inverse: (world - origin) @ inverse(direction) turns once more.
  const Geometry turned({0, 0, 0}, {1, 1, 1}, {{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}});
  EXPECT_EQ(turned.to_world(VoxelIndex{0, 0, 3}), (Vec3{0, 3, 0}));
  EXPECT_EQ(turned.to_index({0, 3, 0}, InverseTransform::kBook), (VoxelIndex{0, 0, -3}));
  EXPECT_EQ(turned.to_index({0, 3, 0}, InverseTransform::kExact), (VoxelIndex{0, 0, 3}));
}

TEST(Geometry, InverseOfAnAxisPermutationIsExact) {
  const Geometry sagittal({-0.1, 0.2, 0.3}, {0.1, 0.7, 1.1}, {{{0, 0, 1}, {1, 0, 0}, {0, -1, 0}}});
  // 0.5 voxel along rows, from a world position that hits it exactly.
  const Vec3 world = sagittal.to_world(Vec3{0, 0.5, 0});
  EXPECT_EQ(sagittal.to_index(world, InverseTransform::kExact).row, 0);
}

TEST(Geometry, RefusesWhatIsNotFinite) {
  expect_error(ErrorCode::kBadVolume, {"origin", "nan", "finite"},
               [] { Geometry({0, kNaN, 0}, {1, 1, 1}, kIdentity); });
  expect_error(ErrorCode::kBadVolume, {"spacing", "inf"},
               [] { Geometry({0, 0, 0}, {1, kInfinity, 1}, kIdentity); });
  expect_error(ErrorCode::kBadVolume, {"direction", "nan"},
               [] { Geometry({0, 0, 0}, {1, 1, 1}, {{{kNaN, 0, 0}, {0, 1, 0}, {0, 0, 1}}}); });
}

TEST(Geometry, RefusesSpacingThatIsNotPositive) {
  for (const double spacing : {0.0, -0.7}) {
    expect_error(ErrorCode::kBadVolume, {"spacing", "from 1e-06 to 1e+06", "negative spacing"},
                 [=] { Geometry({0, 0, 0}, {1, 1, spacing}, kIdentity); });
  }
}

TEST(Geometry, RefusesOriginsAndSpacingsThatNoVoxelHasAPlaceWith) {
  for (const double origin : {1.1e9, -1e300}) {
    expect_error(ErrorCode::kBadVolume, {"origin", "within 1e+09 mm"},
                 [=] { Geometry({0, origin, 0}, {1, 1, 1}, kIdentity); });
  }
  for (const double spacing : {1.1e6, 0.9e-6, 1e300, 5e-324}) {
    expect_error(ErrorCode::kBadVolume, {"spacing", "from 1e-06 to 1e+06"},
                 [=] { Geometry({0, 0, 0}, {1, spacing, 1}, kIdentity); });
  }
  const Geometry largest({1e9, -1e9, 1e9}, {1e6, 1e6, 1e6}, kIdentity);
  constexpr std::int64_t kLast = 2147483646;
  for (const double mm : largest.to_world(VoxelIndex{kLast, kLast, kLast})) {
    EXPECT_TRUE(std::isfinite(mm));
  }
  EXPECT_TRUE(std::isfinite(largest.voxel_volume_mm3()));
  EXPECT_GT(Geometry({0, 0, 0}, {1e-6, 1e-6, 1e-6}, kIdentity).voxel_volume_mm3(), 0);
}

TEST(Geometry, RefusesDirectionsThatAreNotOrthonormal) {
  expect_error(ErrorCode::kBadVolume, {"columns 0 and 0", "expected 1"},
               [] { Geometry({0, 0, 0}, {1, 1, 1}, {{{0.9, 0, 0}, {0, 1, 0}, {0, 0, 1}}}); });
  expect_error(ErrorCode::kBadVolume, {"columns 0 and 1", "expected 0"},
               [] { Geometry({0, 0, 0}, {1, 1, 1}, {{{1, 0.01, 0}, {0, 1, 0}, {0, 0, 1}}}); });
  EXPECT_NO_THROW(Geometry({0, 0, 0}, {1, 1, 1}, {{{1, 0.0005, 0}, {0, 1, 0}, {0, 0, 1}}}));
}

TEST(Geometry, RefusesWorldPositionsThatNoIndexNames) {
  const Geometry geometry({0, 0, 0}, {1e-3, 1, 1}, kIdentity);
  for (const double far : {kNaN, kInfinity, -kInfinity, 1e15, -1e300}) {
    expect_error(ErrorCode::kInvalidArgument, {"world position"},
                 [&] { geometry.to_index({far, 0, 0}, InverseTransform::kBook); });
  }
  EXPECT_EQ(geometry.to_index({1e9, 0, 0}, InverseTransform::kBook).column, 1'000'000'000'000);
}

}  // namespace
}  // namespace lungrt
