#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "grids.h"
#include "ops/context.h"
#include "ops/crop.h"
#include "ops/cuda/block_sums.h"
#include "ops/cuda/tensors.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::host_grids;
using lungrt::testing::HostGrid;
using lungrt::testing::HostMachine;

std::vector<std::int16_t> random_hu(const VolumeShape& shape) {
  std::mt19937 random(3);
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  for (auto& value : hu)
    value = static_cast<std::int16_t>(static_cast<int>(random() % 6001) - 3000);
  return hu;
}

/// Scale and offset whose product and sum are rounded, so that a fused operation would differ.
InputContract contract(std::int64_t context, std::int64_t multiple, std::int64_t halo) {
  InputContract input;
  input.hu_window = {-987.5F, 1013.25F};
  input.scale = 0.000731F;
  input.offset = 0.3337F;
  input.context_slices = context;
  input.size_multiple = multiple;
  input.halo = halo;
  return input;
}

cuda::Normalization normalization(const InputContract& input) {
  return {input.hu_window[0], input.hu_window[1], input.scale, input.offset};
}

cuda::Shape shape_of(const VolumeShape& shape) { return {shape.slices, shape.rows, shape.columns}; }

cuda::StackContext stack(const std::int16_t* hu, const VolumeShape& shape,
                         const cuda::Window& window, const InputContract& input, Layout layout) {
  const PaddedSize padded = padded_size({1, window.rows, window.columns}, input);
  return {hu,
          shape_of(shape),
          window,
          normalization(input),
          0,
          shape.slices,
          input.context_slices,
          input.halo,
          padded.height,
          padded.width,
          layout == Layout::kNhwc,
          nullptr};
}

TEST(CudaStackContext, EqualsTheCpusOnWholeSlices) {
  for (const VolumeShape shape : {VolumeShape{1, 1, 1}, {2, 5, 7}, {5, 9, 64}, {9, 8, 131}}) {
    const std::vector<std::int16_t> hu = random_hu(shape);
    const CtVolume volume(hu.data(), shape, {}, nullptr);
    for (const auto& input : {contract(0, 1, 0), contract(3, 8, 0), contract(2, 4, 11)}) {
      for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
        cuda::StackContext kernel =
            stack(hu.data(), shape, {0, 0, shape.rows, shape.columns}, input, layout);
        const std::int64_t item = (2 * input.context_slices + 1) * kernel.height * kernel.width;
        std::vector<float> expected(static_cast<std::size_t>(item * shape.slices));
        for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
          stack_context(volume, slice, input, layout, expected.data() + slice * item);
        }
        for (const HostGrid& grid : host_grids()) {
          std::vector<float> found(expected.size(), -7.0F);
          kernel.output = found.data();
          HostMachine(grid).launch(kernel.rows(), kernel);
          ASSERT_EQ(found, expected) << grid.threads << " threads";
        }
      }
    }
  }
}

/// A window is like a separate volume: voxels around it have no influence.
TEST(CudaStackContext, AWindowEqualsTheVolumeCutOut) {
  const VolumeShape shape{4, 13, 90};
  const std::vector<std::int16_t> hu = random_hu(shape);
  for (const cuda::Window window : {cuda::Window{0, 0, 5, 90}, {3, 17, 9, 66}, {12, 89, 1, 1}}) {
    const VolumeShape cut{shape.slices, window.rows, window.columns};
    std::vector<std::int16_t> inside;
    for (std::int64_t z = 0; z < cut.slices; ++z)
      for (std::int64_t y = 0; y < cut.rows; ++y)
        for (std::int64_t x = 0; x < cut.columns; ++x)
          inside.push_back(hu[static_cast<std::size_t>(
              (z * shape.rows + window.first_row + y) * shape.columns + window.first_column + x)]);
    const CtVolume volume(inside.data(), cut, {}, nullptr);
    const InputContract input = contract(1, 8, 3);
    for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
      cuda::StackContext kernel = stack(hu.data(), shape, window, input, layout);
      kernel.first_slice = 1;
      kernel.items = 2;
      const std::int64_t item = 3 * kernel.height * kernel.width;
      std::vector<float> expected(static_cast<std::size_t>(item * 2)), found(expected.size());
      stack_context(volume, 1, input, layout, expected.data());
      stack_context(volume, 2, input, layout, expected.data() + item);
      kernel.output = found.data();
      HostMachine().launch(kernel.rows(), kernel);
      ASSERT_EQ(found, expected);
    }
  }
}

TEST(CudaGatherCrops, EqualsTheCpus) {
  const VolumeShape shape{9, 12, 70};
  const std::vector<std::int16_t> hu = random_hu(shape);
  const CtVolume volume(hu.data(), shape, {}, nullptr);
  InputContract input = contract(0, 1, 0);
  input.crop = {4, 5, 7};
  const std::vector<VoxelIndex> origins{{0, 0, 0}, {5, 7, 63}, {2, 3, 31}};
  std::vector<std::int64_t> flat;
  std::vector<float> expected(3 * 140), found(expected.size());
  for (std::size_t i = 0; i < origins.size(); ++i) {
    gather_crop(volume, origins[i], input, expected.data() + i * 140);
    flat.insert(flat.end(), {origins[i].slice, origins[i].row, origins[i].column});
  }
  for (const HostGrid& grid : host_grids()) {
    std::fill(found.begin(), found.end(), -7.0F);
    const cuda::GatherCrops kernel{hu.data(), shape_of(shape), normalization(input), flat.data(),
                                   3,         {4, 5, 7},       found.data()};
    HostMachine(grid).launch(kernel.planes(), kernel);
    ASSERT_EQ(found, expected) << grid.threads << " threads";
  }
}

TEST(CudaGatherCrops, PutsAirAroundASmallVolumeAsTheCpuDoes) {
  const VolumeShape shape{2, 12, 5};
  const std::vector<std::int16_t> hu = random_hu(shape);
  const CtVolume volume(hu.data(), shape, {}, nullptr);
  InputContract input = contract(0, 1, 0);
  input.crop = {4, 5, 7};
  const VoxelIndex origin = crop_origin(shape, {1, 6, 0}, input.crop, SmallVolume::kPadWithAir);
  const std::vector<std::int64_t> flat{origin.slice, origin.row, origin.column};
  std::vector<float> expected(140), found(140);
  gather_crop(volume, origin, input, expected.data());
  for (const HostGrid& grid : host_grids()) {
    std::fill(found.begin(), found.end(), -7.0F);
    const cuda::GatherCrops kernel{hu.data(), shape_of(shape), normalization(input), flat.data(),
                                   1,         {4, 5, 7},       found.data()};
    HostMachine(grid).launch(kernel.planes(), kernel);
    ASSERT_EQ(found, expected) << grid.threads << " threads";
  }
}

/// Expected result of the kernel, voxel by voxel.
std::vector<std::int32_t> add_up(const std::vector<std::int16_t>& hu, const VolumeShape& shape,
                                 const cuda::Shape& by) {
  const std::int64_t rows = (shape.rows + by.rows - 1) / by.rows;
  const std::int64_t columns = (shape.columns + by.columns - 1) / by.columns;
  std::vector<std::int32_t> sums(
      static_cast<std::size_t>((shape.slices + by.slices - 1) / by.slices * rows * columns));
  std::size_t i = 0;
  for (std::int64_t z = 0; z < shape.slices; ++z)
    for (std::int64_t y = 0; y < shape.rows; ++y)
      for (std::int64_t x = 0; x < shape.columns; ++x, ++i) {
        const auto box = static_cast<std::size_t>(((z / by.slices) * rows + y / by.rows) * columns +
                                                  x / by.columns);
        sums[box] += std::min(std::max<std::int32_t>(hu[i], -1024), 1000);
      }
  return sums;
}

TEST(CudaBlockSums, AddUpEveryVoxelOnce) {
  for (const VolumeShape shape : {VolumeShape{1, 1, 1}, {7, 10, 33}, {4, 6, 129}}) {
    const std::vector<std::int16_t> hu = random_hu(shape);
    for (const cuda::Shape by : {cuda::Shape{1, 1, 1}, {2, 3, 4}, {3, 3, 3}, {100, 100, 1000}}) {
      const std::vector<std::int32_t> sums = add_up(hu, shape, by);
      for (const HostGrid& grid : host_grids()) {
        std::vector<std::int32_t> found(sums.size(), -1);
        const cuda::BlockSums kernel{hu.data(), shape_of(shape), by, found.data()};
        HostMachine(grid).launch(kernel.rows(), kernel);
        ASSERT_EQ(found, sums);
      }
    }
  }
}

TEST(CudaActivations, EqualTheirDefinitions) {
  const std::vector<float> logits{-3.0F, 0.0F, 1.5F, 80.0F, -80.0F, 0.25F};
  for (const HostGrid& grid : host_grids()) {
    std::vector<float> values = logits;
    HostMachine machine(grid);
    machine.launch(1, cuda::Sigmoid{values.data(), 6});
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(values[i], 1.0F / (1.0F + std::exp(-logits[i])));
    values = logits;
    machine.launch(1, cuda::Softmax{values.data(), 2, 3});
    const float sum = std::exp(-4.5F) + std::exp(-1.5F) + 1.0F;
    EXPECT_EQ(values[0], std::exp(-4.5F) / sum);
    EXPECT_EQ(values[2], 1.0F / sum);
    EXPECT_EQ(values[3], 1.0F);
    machine.launch(1, cuda::Add{values.data(), logits.data(), 6});
    EXPECT_EQ(values[3], 81.0F);
    machine.launch(1, cuda::Divide{values.data(), 3.0F, 6});
    EXPECT_EQ(values[3], 27.0F);
  }
}

TEST(CudaActivations, ANaNStaysOne) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::size_t place : {0U, 1U, 2U}) {
    std::vector<float> values{1.0F, 2.0F, 3.0F};
    values[place] = nan;
    HostMachine().launch(1, cuda::Softmax{values.data(), 1, 3});
    for (const float value : values) EXPECT_TRUE(std::isnan(value));
  }
}

}  // namespace
}  // namespace lungrt::ops
