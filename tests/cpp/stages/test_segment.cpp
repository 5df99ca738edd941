#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "expect_error.h"
#include "fake_network.h"
#include "stages/segment.h"

namespace lungrt {
namespace {

using testing::expect_error;
using testing::fake_network;

StageManifest stage_with(std::int64_t context, std::int64_t multiple, std::int64_t halo) {
  StageManifest stage;
  stage.input.context_slices = context;
  stage.input.size_multiple = multiple;
  stage.input.halo = halo;
  stage.classes = {"nodule"};
  return stage;
}

/// Network that returns its centre channel, without the halo.
testing::ItemFunction pass_centre(const VolumeShape& shape, const StageManifest& stage,
                                  Layout layout) {
  const auto round_up = [&](std::int64_t n) {
    const std::int64_t m = stage.input.size_multiple;
    return (n + m - 1) / m * m;
  };
  const std::int64_t height = round_up(shape.rows), width = round_up(shape.columns);
  const std::int64_t halo = stage.input.halo, context = stage.input.context_slices;
  return [=](const float* input, float* output) {
    const std::int64_t full_height = height + 2 * halo, full_width = width + 2 * halo;
    const std::int64_t channels = 2 * context + 1;
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t pixel = (y + halo) * full_width + x + halo;
        output[y * width + x] = layout == Layout::kNchw
                                    ? input[context * full_height * full_width + pixel]
                                    : input[pixel * channels + context];
      }
    }
  };
}

TEST(Segmenter, PutsEveryVoxelInItsPlace) {
  std::mt19937 random(7);
  std::bernoulli_distribution coin(0.3);
  for (const VolumeShape shape : {VolumeShape{1, 5, 7}, {2, 8, 64}, {3, 9, 65}, {7, 4, 130}}) {
    std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
    for (auto& value : hu) value = coin(random) ? 1 : 0;
    const CtVolume volume(hu.data(), shape, {}, nullptr);
    for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
      for (const std::int64_t batch : {1, 2, 4}) {
        for (const std::int64_t halo : {0, 3}) {
          const StageManifest stage = stage_with(2, 4, halo);
          const Segmenter segmenter(
              stage, fake_network({layout, batch}, {pass_centre(shape, stage, layout)}), 0.5);
          const NoduleMask mask = segmenter.run(volume, RunControl({}));
          std::vector<std::uint8_t> bytes(hu.size());
          mask.to_bytes(bytes.data());
          for (std::size_t i = 0; i < hu.size(); ++i) ASSERT_EQ(bytes[i], hu[i]) << i;
        }
      }
    }
  }
}

TEST(Segmenter, ComputesNoMoreSlicesThanABatchNeeds) {
  const StageManifest stage = stage_with(0, 1, 0);
  const auto batches_of = [&](std::int64_t slices, bool fixed_batch) {
    const VolumeShape shape{slices, 4, 4};
    const std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
    std::vector<std::int64_t> runs;
    const Segmenter segmenter(
        stage,
        fake_network({.batch = 8, .fixed_batch = fixed_batch},
                     {pass_centre(shape, stage, Layout::kNchw)}, OutputKind::kProbability, &runs),
        0.5);
    segmenter.run(CtVolume(hu.data(), shape, {}, nullptr), RunControl({}));
    return runs;
  };
  EXPECT_EQ(batches_of(1, false), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(batches_of(11, false), (std::vector<std::int64_t>{8, 4}));
  EXPECT_EQ(batches_of(12, false), (std::vector<std::int64_t>{8, 4}));
  EXPECT_EQ(batches_of(11, true), (std::vector<std::int64_t>{8, 8}));
}

// The windows of profile `lung` have the same size in four slices at most.
TEST(Segmenter, RunsAWindowsFewSlicesAndNotAFullBatch) {
  const StageManifest stage = stage_with(0, 1, 0);
  const VolumeShape shape{8, 6, 6};
  const std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  const CtVolume volume(hu.data(), shape, {}, nullptr);
  std::vector<std::int64_t> runs;
  const Segmenter segmenter(
      stage,
      fake_network({.batch = 8}, {[](const float*, float* output) { output[0] = 0; }},
                   OutputKind::kProbability, &runs),
      0.5);
  std::vector<SlicePart> parts;
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    const std::int64_t side = slice < 4 ? 3 : slice < 7 ? 4 : 5;
    const ops::SliceWindow window{0, 0, side, side};
    parts.push_back({slice, window, window});
  }
  const std::unique_ptr<PlacedScan> scan = scan_on_host(volume);
  segmenter.run(*scan, parts, RunControl({}));
  EXPECT_EQ(runs, (std::vector<std::int64_t>{4, 4, 1}));
}

TEST(Segmenter, CountsSlicesAndStopsBetweenBatches) {
  const VolumeShape shape{5, 4, 4};
  const std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()));
  const CtVolume volume(hu.data(), shape, {}, nullptr);
  const StageManifest stage = stage_with(0, 1, 0);
  const Segmenter segmenter(
      stage, fake_network({Layout::kNchw, 2}, {pass_centre(shape, stage, Layout::kNchw)}), 0.5);
  std::vector<std::int64_t> seen;
  RunOptions options;
  options.progress = [&](const char*, std::int64_t done, std::int64_t total) {
    EXPECT_EQ(total, 5);
    seen.push_back(done);
  };
  segmenter.run(volume, RunControl(options));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 2, 4, 5}));

  seen.clear();
  options.cancelled = [&] { return seen.size() == 2; };
  expect_error(ErrorCode::kCancelled, {"segment"},
               [&] { segmenter.run(volume, RunControl(options)); });
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 2}));
}

TEST(Segmenter, RefusesANaNFromTheNetwork) {
  const VolumeShape shape{1, 4, 4};
  const std::vector<std::int16_t> hu(16);
  const Segmenter segmenter(stage_with(0, 1, 0),
                            fake_network({}, {[](const float*, float* output) {
                                           std::fill(output, output + 16, 0.0F);
                                           output[5] = std::numeric_limits<float>::quiet_NaN();
                                         }}),
                            0.5);
  expect_error(ErrorCode::kInference, {},
               [&] { segmenter.run(CtVolume(hu.data(), shape, {}, nullptr), RunControl({})); });
}

}  // namespace
}  // namespace lungrt
