#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "ops/axis_order.h"
#include "stored_orders.h"

namespace lungrt::ops {
namespace {

using testing::StoredOrder;

constexpr Matrix3 kLps{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

/// A volume in the patient's order, in which all voxels differ. More than one block of the copy
/// along each axis, and no multiple of it.
class AxisOrderTest : public ::testing::Test {
 protected:
  AxisOrderTest() {
    for (std::int64_t i = 0; i < shape_.voxels(); ++i) {
      hu_.push_back(static_cast<std::int16_t>(i - 32768));
    }
  }
  CtVolume volume(const Matrix3& direction) const {
    return {hu_.data(), shape_, Geometry({-10.25, 20.5, -300.75}, {0.5, 0.75, 2.5}, direction),
            nullptr};
  }

  VolumeShape shape_{34, 37, 41};
  std::vector<std::int16_t> hu_;
};

TEST_F(AxisOrderTest, EveryStoredOrderBecomesThePatients) {
  const CtVolume original = volume(kLps);
  std::set<std::string> names;
  for (const StoredOrder& stored : testing::all_orders(original)) {
    SCOPED_TRACE(stored.name());
    names.insert(stored.name());
    const CtVolume given = stored.volume();
    const AxisOrder order = AxisOrder::to_patient(given.shape(), given.geometry());
    EXPECT_EQ(order.is_stored(), stored.name() == "+0+1+2");
    ASSERT_EQ(order.shape(), shape_);
    std::vector<std::int16_t> voxels(hu_.size());
    order.copy_slices(given.data(), 0, shape_.slices, voxels.data());
    EXPECT_EQ(voxels, hu_);
    EXPECT_EQ(order.geometry(given.geometry()).origin_mm(), original.geometry().origin_mm());
    EXPECT_EQ(order.geometry(given.geometry()).spacing_mm(), original.geometry().spacing_mm());
    EXPECT_EQ(order.geometry(given.geometry()).direction(), kLps);
  }
  EXPECT_EQ(names.size(), 48U);
}

TEST_F(AxisOrderTest, CopiesSomeSlices) {
  for (const StoredOrder& stored : testing::all_orders(volume(kLps))) {
    const AxisOrder order =
        AxisOrder::to_patient(stored.volume().shape(), stored.volume().geometry());
    std::vector<std::int16_t> voxels(static_cast<std::size_t>(2 * shape_.slice_voxels()));
    order.copy_slices(stored.hu().data(), 5, 7, voxels.data());
    const auto first = hu_.begin() + 5 * shape_.slice_voxels();
    EXPECT_TRUE(std::equal(voxels.begin(), voxels.end(), first)) << stored.name();
  }
}

TEST_F(AxisOrderTest, IndicesBoxesAndMasksGoThereAndBack) {
  const VoxelIndex voxel{3, 30, 11};
  for (const StoredOrder& stored : testing::all_orders(volume(kLps))) {
    SCOPED_TRACE(stored.name());
    const CtVolume given = stored.volume();
    const AxisOrder order = AxisOrder::to_patient(given.shape(), given.geometry());
    const VoxelIndex back = order.to_stored(voxel);
    EXPECT_EQ(stored.original_voxel(back), voxel);
    EXPECT_EQ(order.from_stored(back), voxel);
    EXPECT_EQ(given.data()[order.stored_offset(voxel)],
              hu_[static_cast<std::size_t>((3 * shape_.rows + 30) * shape_.columns + 11)]);

    const VoxelBox box = order.to_stored(VoxelBox{voxel, {5, 31, 20}});
    EXPECT_LE(box.first.slice, box.last.slice);
    EXPECT_LE(box.first.row, box.last.row);
    EXPECT_LE(box.first.column, box.last.column);
    std::int64_t inside = 0;
    for (std::int64_t s = box.first.slice; s <= box.last.slice; ++s) {
      for (std::int64_t r = box.first.row; r <= box.last.row; ++r) {
        for (std::int64_t c = box.first.column; c <= box.last.column; ++c, ++inside) {
          const VoxelIndex o = stored.original_voxel({s, r, c});
          EXPECT_TRUE(o.slice >= 3 && o.slice <= 5 && o.row >= 30 && o.row <= 31 &&
                      o.column >= 11 && o.column <= 20);
        }
      }
    }
    EXPECT_EQ(inside, 3 * 2 * 10);

    std::vector<std::uint8_t> bytes(hu_.size());
    for (std::size_t i = 0; i < bytes.size(); i += 7) bytes[i] = 1;
    const NoduleMask mask = NoduleMask::from_bytes(bytes.data(), shape_);
    const auto expected = stored.stored<std::uint8_t>(bytes);
    std::vector<std::uint8_t> found(bytes.size());
    order.to_stored(mask).to_bytes(found.data());
    EXPECT_EQ(found, expected);
    order.from_stored(NoduleMask::from_bytes(expected.data(), given.shape()))
        .to_bytes(found.data());
    EXPECT_EQ(found, bytes);
  }
}

Matrix3 turned_about_the_head(double angle) {
  return {
      {{std::cos(angle), -std::sin(angle), 0}, {std::sin(angle), std::cos(angle), 0}, {0, 0, 1}}};
}

TEST_F(AxisOrderTest, AnObliqueVolumeTakesTheClosestOrder) {
  const double degrees = std::acos(-1.0) / 180;
  for (const double angle : {-44.0, -10.0, 0.1, 44.0}) {
    const Matrix3 direction = turned_about_the_head(angle * degrees);
    for (const StoredOrder& stored : testing::all_orders(volume(direction))) {
      const CtVolume given = stored.volume();
      const AxisOrder order = AxisOrder::to_patient(given.shape(), given.geometry());
      ASSERT_EQ(order.shape(), shape_) << angle << " " << stored.name();
      EXPECT_EQ(order.geometry(given.geometry()).direction(), direction)
          << angle << " " << stored.name();
    }
  }
}

TEST_F(AxisOrderTest, ATieIsTheSameForEveryStoredOrder) {
  // Turned by 45 degrees, columns and rows are equally close to the left and to the back.
  const Matrix3 direction = turned_about_the_head(std::atan(1.0));
  std::set<std::vector<std::int16_t>> seen;
  for (const StoredOrder& stored : testing::all_orders(volume(direction))) {
    const CtVolume given = stored.volume();
    const AxisOrder order = AxisOrder::to_patient(given.shape(), given.geometry());
    std::vector<std::int16_t> voxels(hu_.size());
    order.copy_slices(given.data(), 0, order.shape().slices, voxels.data());
    seen.insert(voxels);
  }
  EXPECT_EQ(seen.size(), 1U);
}

TEST(AxesInWords, NameWhereTheAxesRun) {
  const auto words = [](const Matrix3& direction) {
    return axes_in_words(Geometry({}, {1, 1, 1}, direction));
  };
  EXPECT_EQ(words(kLps), "columns to the left, rows to the back, slices to the head");
  // Sagittal: columns to the back, rows to the feet, slices to the right.
  EXPECT_EQ(words({{{0, 0, -1}, {1, 0, 0}, {0, -1, 0}}}),
            "columns to the back, rows to the feet, slices to the right");
  EXPECT_EQ(words({{{-1, 0, 0}, {0, 0, -1}, {0, 1, 0}}}),
            "columns to the right, rows to the head, slices to the front");
}

TEST(PlaneInWords, IsThatOfTheSlices) {
  const auto plane = [](const Matrix3& direction) {
    return plane_in_words(Geometry({}, {1, 1, 1}, direction));
  };
  EXPECT_EQ(plane(kLps), "axial");
  EXPECT_EQ(plane({{{0, 0, -1}, {1, 0, 0}, {0, -1, 0}}}), "sagittal");
  EXPECT_EQ(plane({{{1, 0, 0}, {0, 0, 1}, {0, -1, 0}}}), "coronal");
}

}  // namespace
}  // namespace lungrt::ops
