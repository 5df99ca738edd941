#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "expect_error.h"
#include "ops/crop.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::expect_error;

using Size = std::array<std::int64_t, 3>;

TEST(CropOrigin, CentresEvenCrops) {
  EXPECT_EQ(crop_origin({100, 512, 512}, {50, 200, 300}, {32, 48, 48}), (VoxelIndex{34, 176, 276}));
}

TEST(CropOrigin, HalvesOfOddCropsRoundToEven) {
  // 10 - 2.5 = 7.5 and 11 - 2.5 = 8.5 both become 8.
  EXPECT_EQ(crop_origin({99, 99, 99}, {10, 11, 12}, {5, 5, 5}), (VoxelIndex{8, 8, 10}));
}

TEST(CropOrigin, ShiftsInward) {
  const VolumeShape shape{40, 60, 70};
  const Size size{32, 48, 48};
  EXPECT_EQ(crop_origin(shape, {0, 0, 0}, size), (VoxelIndex{0, 0, 0}));
  EXPECT_EQ(crop_origin(shape, {39, 59, 69}, size), (VoxelIndex{8, 12, 22}));
  EXPECT_EQ(crop_origin(shape, {16, 24, 24}, size), (VoxelIndex{0, 0, 0}));
  EXPECT_EQ(crop_origin(shape, {17, 25, 25}, size), (VoxelIndex{1, 1, 1}));
  EXPECT_EQ(crop_origin({32, 48, 48}, {31, 0, 20}, size), (VoxelIndex{0, 0, 0}));
}

TEST(CropOrigin, RefusesVolumesSmallerThanTheCrop) {
  for (const VolumeShape& shape : {VolumeShape{31, 48, 48}, {32, 47, 48}, {32, 48, 47}}) {
    expect_error(ErrorCode::kBadVolume, {"smaller", "32 x 48 x 48", "pad"},
                 [&] { crop_origin(shape, {0, 0, 0}, {32, 48, 48}); });
  }
}

TEST(CropOrigin, CentresASmallVolumeInACropOfAir) {
  const auto origin = [](const VolumeShape& shape) {
    return crop_origin(shape, {0, 0, 0}, {32, 48, 48}, SmallVolume::kPadWithAir);
  };
  EXPECT_EQ(origin({2, 60, 47}), (VoxelIndex{-15, 0, 0}));
  EXPECT_EQ(origin({1, 41, 48}), (VoxelIndex{-15, -3, 0}));
}

TEST(GatherCrop, PutsAirAroundASmallVolume) {
  const VolumeShape shape{1, 3, 2};
  const std::vector<std::int16_t> hu{1, 2, 3, 4, 5, 6};
  const CtVolume volume(hu.data(), shape, {}, nullptr);
  InputContract input;
  input.hu_window = {-900, 400};
  input.scale = 2.0F;
  input.crop = {2, 2, 5};
  const VoxelIndex origin = crop_origin(shape, {0, 2, 0}, input.crop, SmallVolume::kPadWithAir);
  EXPECT_EQ(origin, (VoxelIndex{0, 1, -1}));
  std::vector<float> output(20, 9.0F);
  gather_crop(volume, origin, input, output.data());
  constexpr float kAir = -1800.0F;  // clamped to the window like any voxel
  EXPECT_EQ(output,
            (std::vector<float>{kAir, 6,    8,    kAir, kAir, kAir, 10,   12,   kAir, kAir,
                                kAir, kAir, kAir, kAir, kAir, kAir, kAir, kAir, kAir, kAir}));
  for (const VoxelIndex& wrong : {VoxelIndex{0, 1, 1}, {0, 2, -1}, {1, 1, -1}, {0, 1, -4}}) {
    expect_error(ErrorCode::kInvalidArgument, {"extends beyond the volume"},
                 [&] { gather_crop(volume, wrong, input, output.data()); });
  }
}

TEST(CropOrigin, RefusesCentresOutside) {
  for (const VoxelIndex& center : {VoxelIndex{-1, 0, 0}, {0, 100, 0}, {0, 0, 100}}) {
    expect_error(ErrorCode::kInvalidArgument, {"candidate", "outside", "100 x 100 x 100"},
                 [&] { crop_origin({100, 100, 100}, center, {32, 48, 48}); });
  }
}

TEST(GatherCrop, ClampsScalesAndKeepsArrayOrder) {
  const VolumeShape shape{4, 5, 6};
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  for (std::size_t i = 0; i < hu.size(); ++i) hu[i] = static_cast<std::int16_t>(500 * i - 20000);
  const CtVolume volume(hu.data(), shape, {}, nullptr);
  InputContract input;
  input.hu_window = {-1000, 400.5};
  input.scale = 0.3F;
  input.offset = -0.7F;
  input.crop = {2, 3, 4};
  std::vector<float> output(25, -9.0F);
  gather_crop(volume, {2, 1, 2}, input, output.data());
  std::size_t i = 0;
  for (std::int64_t z = 2; z < 4; ++z) {
    for (std::int64_t y = 1; y < 4; ++y) {
      for (std::int64_t x = 2; x < 6; ++x) {
        const auto value = static_cast<float>(hu[static_cast<std::size_t>((z * 5 + y) * 6 + x)]);
        EXPECT_EQ(output[i++], std::clamp(value, -1000.0F, 400.5F) * 0.3F + -0.7F);
      }
    }
  }
  EXPECT_EQ(output[24], -9.0F);
}

TEST(GatherCrop, RefusesCropsThatStickOut) {
  const std::vector<std::int16_t> hu(64);
  const CtVolume volume(hu.data(), {4, 4, 4}, {}, nullptr);
  InputContract input;
  input.crop = {2, 2, 2};
  std::vector<float> output(8);
  for (const VoxelIndex& origin : {VoxelIndex{-1, 0, 0}, {3, 0, 0}, {0, 3, 0}, {0, 0, 3}}) {
    expect_error(ErrorCode::kInvalidArgument, {"extends beyond the volume", "4 x 4 x 4"},
                 [&] { gather_crop(volume, origin, input, output.data()); });
  }
}

}  // namespace
}  // namespace lungrt::ops
