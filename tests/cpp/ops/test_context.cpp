#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "expect_error.h"
#include "ops/context.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::expect_error;

InputContract contract(std::int64_t context, std::int64_t multiple, std::int64_t halo) {
  InputContract input;
  input.hu_window = {-990.5F, 400.0F};
  input.scale = 0.125F;
  input.offset = 3.3F;
  input.context_slices = context;
  input.size_multiple = multiple;
  input.halo = halo;
  return input;
}

/// Reference implementation of the definition in DESIGN.md, voxel by voxel.
float expected(const CtVolume& volume, std::int64_t slice, std::int64_t y, std::int64_t x,
               const InputContract& input) {
  const VolumeShape& shape = volume.shape();
  slice = std::clamp<std::int64_t>(slice, 0, shape.slices - 1);
  y = std::clamp<std::int64_t>(y - input.halo, 0, shape.rows - 1);
  x = std::clamp<std::int64_t>(x - input.halo, 0, shape.columns - 1);
  const float hu = volume.slice(slice)[y * shape.columns + x];
  return std::clamp(hu, input.hu_window[0], input.hu_window[1]) * input.scale + input.offset;
}

TEST(PaddedSize, RoundsUpThenAddsTheHalo) {
  const PaddedSize whole = padded_size({9, 512, 512}, contract(3, 4, 0));
  EXPECT_EQ(whole.height, 512);
  EXPECT_EQ(whole.width, 512);
  const PaddedSize odd = padded_size({9, 1, 67}, contract(3, 4, 10));
  EXPECT_EQ(odd.height, 4 + 20);
  EXPECT_EQ(odd.width, 68 + 20);
}

TEST(StackContext, EveryValueInEveryLayout) {
  std::mt19937 random(1);
  for (const VolumeShape shape :
       {VolumeShape{1, 1, 1}, {2, 5, 3}, {3, 4, 8}, {9, 6, 131}, {4, 7, 260}}) {
    std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
    for (std::int16_t& value : hu) {
      value = static_cast<std::int16_t>(random() % 3 == 0 ? random() : random() % 2000 - 1000);
    }
    const CtVolume volume(hu.data(), shape, {}, nullptr);
    for (const std::int64_t context : {0, 1, 2, 3, 4}) {
      for (const std::int64_t halo : {0, 3}) {
        const InputContract input = contract(context, 4, halo);
        const PaddedSize size = padded_size(shape, input);
        const std::int64_t channels = 2 * context + 1;
        const std::int64_t total = channels * size.height * size.width;
        constexpr float kUntouched = -7777.0F;
        std::vector<float> planes(static_cast<std::size_t>(total) + 8, kUntouched);
        std::vector<float> pixels = planes;
        for (const std::int64_t slice : {std::int64_t{0}, shape.slices / 2, shape.slices - 1}) {
          stack_context(volume, slice, input, Layout::kNchw, planes.data());
          stack_context(volume, slice, input, Layout::kNhwc, pixels.data());
          for (std::int64_t c = 0; c < channels; ++c) {
            for (std::int64_t y = 0; y < size.height; ++y) {
              for (std::int64_t x = 0; x < size.width; ++x) {
                const float value = expected(volume, slice - context + c, y, x, input);
                const std::int64_t pixel = y * size.width + x;
                const std::int64_t plane = c * size.height * size.width;
                ASSERT_EQ(planes[static_cast<std::size_t>(plane + pixel)], value);
                ASSERT_EQ(pixels[static_cast<std::size_t>(pixel * channels + c)], value);
              }
            }
          }
        }
        for (std::size_t i = static_cast<std::size_t>(total); i < planes.size(); ++i) {
          ASSERT_EQ(planes[i], kUntouched);
          ASSERT_EQ(pixels[i], kUntouched);
        }
      }
    }
  }
}

TEST(StackContext, RefusesSlicesOutside) {
  const std::vector<std::int16_t> hu(8);
  const CtVolume volume(hu.data(), {2, 2, 2}, {}, nullptr);
  std::vector<float> output(4);
  for (const std::int64_t slice : {-1, 2}) {
    expect_error(ErrorCode::kInvalidArgument, {"outside", "2 x 2 x 2"}, [&] {
      stack_context(volume, slice, contract(0, 1, 0), Layout::kNchw, output.data());
    });
  }
}

TEST(StackContext, OfAWindowIsThatOfTheWindowAlone) {
  const VolumeShape shape{5, 13, 21};
  std::mt19937 random(8);
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  for (auto& value : hu)
    value = static_cast<std::int16_t>(static_cast<int>(random() % 3000) - 1500);
  const CtVolume volume(hu.data(), shape, {}, nullptr);
  const SliceWindow window{2, 5, 7, 10};
  std::vector<std::int16_t> cut;
  for (std::int64_t s = 0; s < 5; ++s) {
    for (std::int64_t r = 2; r < 9; ++r) {
      const std::int16_t* row = volume.slice(s) + r * 21 + 5;
      cut.insert(cut.end(), row, row + 10);
    }
  }
  const CtVolume alone(cut.data(), {5, 7, 10}, {}, nullptr);
  const InputContract input = contract(2, 4, 3);
  const PaddedSize size = padded_size(7, 10, input);
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    std::vector<float> of_window(static_cast<std::size_t>(5 * size.height * size.width));
    std::vector<float> of_cut = of_window;
    for (std::int64_t slice = 0; slice < 5; ++slice) {
      stack_context(volume, slice, window, input, layout, of_window.data());
      stack_context(alone, slice, input, layout, of_cut.data());
      EXPECT_EQ(of_window, of_cut) << slice;
    }
  }
  std::vector<float> unused(5 * 64 * 64);
  for (const SliceWindow wrong :
       {SliceWindow{0, 0, 0, 5}, {-1, 0, 3, 3}, {0, -1, 3, 3}, {7, 0, 7, 3}, {0, 19, 3, 3}}) {
    expect_error(ErrorCode::kInvalidArgument,
                 {"extend beyond a slice of the volume", "5 x 13 x 21"},
                 [&] { stack_context(volume, 0, wrong, input, Layout::kNchw, unused.data()); });
  }
}

}  // namespace
}  // namespace lungrt::ops
