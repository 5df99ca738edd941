#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "expect_error.h"
#include "lungrt/volume.h"

namespace lungrt {
namespace {

using testing::expect_error;

TEST(CtVolume, SharesVoxelsWithoutCopying) {
  auto hu = std::make_shared<std::vector<std::int16_t>>(24);
  (*hu)[12] = 7;
  const CtVolume volume(hu->data(), {2, 3, 4}, {}, hu, "1.2.3");
  const CtVolume copy = volume;
  EXPECT_EQ(copy.data(), hu->data());
  EXPECT_EQ(copy.slice(1)[0], 7);
  EXPECT_EQ(copy.series_uid(), "1.2.3");
  EXPECT_EQ(hu.use_count(), 3);
}

TEST(CtVolume, NotesAreReplacedInACopy) {
  const std::int16_t voxel = 0;
  const CtVolume volume(&voxel, {1, 1, 1}, {}, nullptr);
  EXPECT_EQ(volume.with_notes({"resampled"}).notes(), (std::vector<std::string>{"resampled"}));
  EXPECT_TRUE(volume.notes().empty());
}

TEST(CtVolume, HasOneSourceForEachSliceUnlessItIsInterpolated) {
  const std::vector<std::int16_t> hu(3);
  const CtVolume volume(hu.data(), {3, 1, 1}, {}, nullptr);
  EXPECT_TRUE(volume.sources().empty());
  const SliceSource source{"a.dcm", "1.2.3", 0, 10, 20};
  const CtVolume whole = volume.with_sources({source, source, source}, false);
  EXPECT_EQ(whole.with_notes({"a note"}).sources(), std::vector<SliceSource>(3, source));
  EXPECT_FALSE(whole.is_interpolated());
  EXPECT_TRUE(volume.sources().empty());
  const CtVolume between = volume.with_sources({source, source}, true);
  EXPECT_TRUE(between.is_interpolated());
  EXPECT_EQ(between.sources().size(), 2);
  expect_error(ErrorCode::kInvalidArgument,
               {"2 sources for a volume of 3 slices", "expected one for each slice"},
               [&] { volume.with_sources({source, source}, false); });
}

TEST(CtVolume, RefusesShapesThatAreNoVolume) {
  const std::int16_t voxel = 0;
  const std::int64_t beyond = std::int64_t{1} << 31;
  for (const VolumeShape& shape : {VolumeShape{0, 1, 1},
                                   {1, 0, 1},
                                   {1, 1, 0},
                                   {-1, 1, 1},
                                   {1, beyond, 1},
                                   {beyond, beyond, beyond}}) {
    expect_error(ErrorCode::kBadVolume, {"slices x rows x columns", "1 to 2,147,483,647"},
                 [&] { CtVolume(&voxel, shape, {}, nullptr); });
    expect_error(ErrorCode::kBadVolume, {"each axis"}, [&] {
      const float value = 0;
      CtVolume::converted(&value, shape, {});
    });
  }
  const std::int64_t longest = beyond - 1;
  for (const VolumeShape& shape : {VolumeShape{2, 65536, 65536}, {longest, longest, longest}}) {
    expect_error(ErrorCode::kBadVolume, {"more than 4,000,000,000 voxels"},
                 [&] { CtVolume(&voxel, shape, {}, nullptr); });
  }
}

TEST(CtVolume, RefusesNullPointers) {
  expect_error(ErrorCode::kBadVolume, {"null"}, [] { CtVolume(nullptr, {1, 1, 1}, {}, nullptr); });
  expect_error(ErrorCode::kBadVolume, {"null"},
               [] { CtVolume::converted<float>(nullptr, {1, 1, 1}, {}); });
}

template <typename T>
class ConvertedFrom : public ::testing::Test {};
using VoxelTypes = ::testing::Types<std::int8_t, std::uint8_t, std::uint16_t, std::int32_t,
                                    std::uint32_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(ConvertedFrom, VoxelTypes);

TYPED_TEST(ConvertedFrom, WholeNumbersStayThemselvesWithoutANote) {
  // More than one chunk, and a multiple neither of a chunk nor of a vector.
  const VolumeShape shape{3, 41, 67};
  std::vector<TypeParam> values(static_cast<std::size_t>(shape.voxels()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<TypeParam>(i % 128);
  const CtVolume volume = CtVolume::converted(values.data(), shape, {}, "1.2");
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(volume.data()[i], i % 128);
  EXPECT_TRUE(volume.notes().empty());
  EXPECT_EQ(volume.series_uid(), "1.2");
}

TYPED_TEST(ConvertedFrom, LimitsOfInt16AreAllowedAndNothingBeyond) {
  using Limits = std::numeric_limits<TypeParam>;
  using Hu = std::numeric_limits<std::int16_t>;
  const auto low = static_cast<double>(Limits::lowest()), high = static_cast<double>(Limits::max());
  std::vector<TypeParam> values(5000);
  const auto convert = [&] { return CtVolume::converted(values.data(), {2, 25, 100}, {}); };
  for (const int limit : {Hu::min(), Hu::max()}) {
    if (limit < low || limit > high) continue;
    values[4321] = static_cast<TypeParam>(limit);
    EXPECT_EQ(convert().data()[4321], limit);
    const int beyond = limit + (limit > 0 ? 1 : -1);
    if (beyond < low || beyond > high) continue;
    values[4321] = static_cast<TypeParam>(beyond);
    const std::string found = "is " + std::to_string(beyond);
    expect_error(ErrorCode::kBadVolume,
                 {"(slice 1, row 18, column 21)", found.c_str(), "-32768 to 32767"}, convert);
  }
}

TYPED_TEST(ConvertedFrom, ExtremesOfTheTypeAreHandled) {
  using Limits = std::numeric_limits<TypeParam>;
  if (sizeof(TypeParam) == 1) return;
  for (const TypeParam extreme : {Limits::lowest(), Limits::max()}) {
    if (extreme == 0) continue;
    expect_error(ErrorCode::kBadVolume, {"(slice 0, row 0, column 0)"},
                 [&] { CtVolume::converted(&extreme, {1, 1, 1}, {}); });
  }
}

TEST(CtVolume, FractionsRoundHalfToEvenAndAreCounted) {
  const std::vector<double> values{0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, 3, -1000, 32766.5};
  const CtVolume volume = CtVolume::converted(values.data(), {1, 2, 5}, {});
  const std::vector<std::int16_t> expected{0, 2, 2, 0, -2, -2, 0, 3, -1000, 32766};
  EXPECT_EQ(std::vector<std::int16_t>(volume.data(), volume.data() + 10), expected);
  ASSERT_EQ(volume.notes().size(), 1U);
  EXPECT_EQ(volume.notes()[0],
            "8 voxels were not whole Hounsfield units and were rounded (half to even)");

  const std::vector<float> many(1234, 0.25F);
  EXPECT_EQ(CtVolume::converted(many.data(), {1, 1, 1234}, {}).notes()[0].substr(0, 12),
            "1,234 voxels");
  EXPECT_EQ(CtVolume::converted(many.data(), {1, 1, 1}, {}).notes()[0],
            "1 voxel was not a whole Hounsfield unit and was rounded (half to even)");
}

TEST(CtVolume, NaNAndInfinityAreNamed) {
  std::vector<float> values(60);
  const auto convert = [&] { CtVolume::converted(values.data(), {3, 4, 5}, {}); };
  values[33] = std::numeric_limits<float>::quiet_NaN();
  values[34] = std::numeric_limits<float>::infinity();
  expect_error(ErrorCode::kBadVolume,
               {"(slice 1, row 2, column 3)", "NaN", "and 1 other of 60 voxels does not fit either",
                "replace such voxels first, with -1024 (air)"},
               convert);
  values[33] = 0;
  expect_error(ErrorCode::kBadVolume,
               {"(slice 1, row 2, column 4)", "inf", "to 32767; replace such voxels first"},
               convert);
  values[34] = 32767.25F;  // beyond int16, although it would round to a value within int16
  expect_error(ErrorCode::kBadVolume, {"(slice 1, row 2, column 4)", "rescale the volume"},
               convert);
}

}  // namespace
}  // namespace lungrt
