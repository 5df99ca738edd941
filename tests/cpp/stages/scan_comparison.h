/// Compares what a scan on a device computes with the same on the host, to the bit.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "ops/components.h"
#include "ops/context.h"
#include "stages/device_scan.h"
#include "stages/slice_parts.h"

namespace lungrt::testing {

/// Copies values of a scan's device to the host.
inline std::vector<float> values_on_host(PlacedScan& scan, const float* values, std::size_t count) {
  const float* host = scan.tensors().on_host(values, static_cast<std::int64_t>(count));
  return {host, host + count};
}

inline void expect_same(const NoduleMask& found, const NoduleMask& wanted) {
  const VolumeShape& shape = wanted.shape();
  const std::uint64_t* end = found.row(shape.slices - 1, shape.rows - 1) + found.words_per_row();
  EXPECT_TRUE(std::equal(found.row(0, 0), end, wanted.row(0, 0)));
}

inline void expect_same(const ops::Components& found, const ops::Components& wanted) {
  EXPECT_EQ(found.voxels, wanted.voxels);
  ASSERT_EQ(found.components.size(), wanted.components.size());
  for (std::size_t c = 0; c < wanted.components.size(); ++c) {
    ASSERT_EQ(found.components[c].voxels, wanted.components[c].voxels) << c;
    ASSERT_EQ(found.components[c].center, wanted.components[c].center) << c;
    ASSERT_EQ(found.components[c].first, wanted.components[c].first) << c;
    ASSERT_EQ(found.components[c].last, wanted.components[c].last) << c;
    ASSERT_EQ(found.components[c].dilated_voxels, wanted.components[c].dilated_voxels) << c;
  }
}

/// Runs all operations of a scan on both. Only volumes can be copied to the device, so the
/// probabilities are made of the volume's values on both.
///
/// \param input  with a crop that fits into the volume
/// \return the largest number of components that a threshold gave
inline std::size_t expect_the_hosts_results(PlacedScan& device, const InputContract& input) {
  const VolumeShape shape = device.volume().shape();
  const std::unique_ptr<PlacedScan> host = scan_on_host(device.volume());
  const ops::PaddedSize padded = ops::padded_size(shape, input);
  const std::int64_t channels = 2 * input.context_slices + 1;
  constexpr std::int64_t kItems = 2;
  const std::int64_t count = kItems * channels * padded.height * padded.width;
  const auto values = device.tensors().allocator()->allocate(count);
  std::vector<float> expected(static_cast<std::size_t>(count));
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    for (const std::int64_t first : {std::int64_t{0}, shape.slices - kItems}) {
      const auto slices = whole_slices(shape, first, kItems);
      device.stack_context(slices, input, layout, values.get());
      host->stack_context(slices, input, layout, expected.data());
      EXPECT_EQ(values_on_host(device, values.get(), expected.size()), expected);
    }
  }

  // One channel, unscaled: the volume's values serve as probabilities.
  InputContract plain = input;
  plain.context_slices = 0;
  plain.scale = 1.0F / 2048.0F;
  plain.offset = 0.0F;
  std::size_t most = 0;
  for (const float threshold : {-0.45F, -0.3F, -0.2F, 0.2F}) {
    for (std::int64_t first = 0; first < shape.slices; first += kItems) {
      const std::int64_t items = std::min(kItems, shape.slices - first);
      const TensorShape probabilities{items, 1, padded.height, padded.width};
      const auto slices = whole_slices(shape, first, items);
      device.stack_context(slices, plain, Layout::kNchw, values.get());
      device.threshold(values.get(), probabilities, threshold, slices);
      host->stack_context(slices, plain, Layout::kNchw, expected.data());
      host->threshold(expected.data(), probabilities, threshold, slices);
    }
    device.finish_mask();
    const ops::Components wanted = host->eroded_components();
    expect_same(device.eroded_components(), wanted);
    most = std::max(most, wanted.components.size());
  }
  expect_same(device.mask(), host->mask());

  const auto& [depth, height, width] = input.crop;
  const VoxelIndex last{shape.slices - depth, shape.rows - height, shape.columns - width};
  const std::vector<VoxelIndex> origins{{0, 0, 0}, last, {1, 1, 1}};
  device.gather_crops(origins.data(), 3, input, values.get());
  host->gather_crops(origins.data(), 3, input, expected.data());
  expected.resize(static_cast<std::size_t>(3 * depth * height * width));
  EXPECT_EQ(values_on_host(device, values.get(), expected.size()), expected);
  return most;
}

}  // namespace lungrt::testing
