#include <gtest/gtest.h>

#include <algorithm>

#include "expect_error.h"
#include "ops/lung_field/lung_field.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::expect_error;

constexpr Matrix3 kStraight{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

/// Volume of 4 mm voxels, each of which is one cell.
struct SyntheticCt {
  VolumeShape shape;
  std::vector<std::int16_t> hu;
  SyntheticCt(VolumeShape s, std::int16_t fill)
      : shape(s), hu(static_cast<std::size_t>(s.voxels()), fill) {}

  /// Fills an elliptic cylinder in the given slices, with its axis along the slices.
  void cylinder(std::int64_t first, std::int64_t last, double row, double column, double rows,
                double columns, std::int16_t value) {
    for (std::int64_t s = first; s < last; ++s) {
      for (std::int64_t r = 0; r < shape.rows; ++r) {
        for (std::int64_t c = 0; c < shape.columns; ++c) {
          const double y = (static_cast<double>(r) - row) / rows;
          const double x = (static_cast<double>(c) - column) / columns;
          if (y * y + x * x > 1) continue;
          // Texture, so that it is not taken for free gas.
          const auto texture = static_cast<std::int16_t>((s * 7 + r * 5 + c * 3) % 41 - 20);
          hu[static_cast<std::size_t>((s * shape.rows + r) * shape.columns + c)] =
              static_cast<std::int16_t>(value + texture);
        }
      }
    }
  }
  LungFieldResult find() const {
    const CtVolume volume(hu.data(), shape, Geometry({}, {4, 4, 4}, kStraight), nullptr);
    const BlockSize block = block_size(volume.geometry(), kCellPitchMm);
    Cells<std::int32_t> sums(cells_over(shape, block));
    add_block_sums(volume, block, 0, sums.shape().slices, sums);
    return find_lung_field(volume, sums);
  }
};

SyntheticCt chest(bool left, bool right) {
  SyntheticCt scan({40, 90, 100}, -1000);
  scan.cylinder(0, 40, 45, 50, 30, 42, 40);
  if (right) scan.cylinder(6, 34, 45, 30, 18, 13, -850);
  if (left) scan.cylinder(6, 34, 45, 70, 18, 13, -850);
  return scan;
}

TEST(LungField, HoldsBothLungsAndTheirWallsAndLeavesTheRestOut) {
  const LungFieldResult found = chest(true, true).find();
  EXPECT_TRUE(found.notes.empty());
  EXPECT_TRUE(found.field.contains({20, 45, 30}));
  EXPECT_TRUE(found.field.contains({20, 45, 70}));
  EXPECT_TRUE(found.field.contains({20, 45, 30 - 15}));  // the chest wall, 8 mm from the lung
  EXPECT_FALSE(found.field.contains({20, 45, 2}));       // air around the body
  EXPECT_FALSE(found.field.contains({0, 45, 50}));       // below the lungs
  EXPECT_FALSE(found.field.contains({20, 72, 50}));      // the back
  EXPECT_NEAR(found.air_ml, 2 * 28 * 3.14159 * 18 * 13 * 0.064, 100);
  EXPECT_GT(found.field_ml, found.air_ml);
}

TEST(LungField, MirrorsALostSideAndSaysSo) {
  const LungFieldResult found = chest(true, false).find();
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_NE(found.notes[0].find("one side"), std::string::npos);
  EXPECT_TRUE(found.field.contains({20, 45, 70}));
  EXPECT_TRUE(found.field.contains({20, 45, 30}));
}

TEST(LungField, DoesNotRestrictASmallFieldOfView) {
  SyntheticCt scan({40, 50, 50}, -1000);
  scan.cylinder(0, 40, 25, 25, 24, 24, 40);
  scan.cylinder(6, 34, 25, 25, 18, 13, -850);
  const LungFieldResult found = scan.find();
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_NE(found.notes[0].find("field of view is 200 mm"), std::string::npos) << found.notes[0];
  EXPECT_EQ(found.field.share(), 1.0);
}

TEST(LungField, RefusesWhatHasNoLungs) {
  for (const SyntheticCt& scan :
       {chest(false, false), SyntheticCt({20, 90, 100}, -1000), SyntheticCt({20, 90, 100}, 1200),
        SyntheticCt({20, 90, 100}, -2048), SyntheticCt({20, 90, 100}, 40),
        SyntheticCt({1, 1, 1}, 0)}) {
    expect_error(ErrorCode::kBadVolume, {"no lungs", "region 'volume'"}, [&] { scan.find(); });
  }
}

TEST(LungField, KnowsItsWindowsAndBoxes) {
  const VolumeShape volume{5, 11, 13};
  const BlockSize block{2, 4, 4};
  CellMask cells(cells_over(volume, block));
  EXPECT_EQ(cells.shape(), (VolumeShape{3, 3, 4}));
  cells.at(1, 1, 1) = cells.at(1, 2, 3) = 1;
  const CellField field(volume, block, cells);
  EXPECT_TRUE(field.window(0).empty());
  EXPECT_TRUE(field.window(4).empty());
  for (const std::int64_t slice : {2, 3}) {
    EXPECT_EQ(field.window(slice), (SliceWindow{4, 4, 7, 9}));
  }
  EXPECT_TRUE(field.contains({2, 4, 4}));
  EXPECT_FALSE(field.contains({2, 4, 8}));
  EXPECT_TRUE(field.meets({0, 0, 0}, {2, 4, 4}));
  EXPECT_FALSE(field.meets({0, 0, 0}, {1, 10, 12}));
  EXPECT_FALSE(field.meets({2, 0, 0}, {3, 3, 12}));
  const NoduleMask mask = field.to_mask();
  EXPECT_EQ(mask.count(), 2 * (4 * 4 + 3 * 1));
  EXPECT_DOUBLE_EQ(field.share(), static_cast<double>(mask.count()) / 715);
  EXPECT_TRUE(mask.at({3, 10, 12}));
  EXPECT_EQ(CellField(volume).to_mask().count(), volume.voxels());
  EXPECT_EQ(CellField(volume).window(4), whole_slice(volume));
}

}  // namespace
}  // namespace lungrt::ops
