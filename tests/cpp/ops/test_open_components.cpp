#include <gtest/gtest.h>

#include <random>

#include "expect_error.h"
#include "ops/components.h"
#include "ops/open_components.h"

namespace lungrt::ops {
namespace {

using lungrt::testing::expect_error;

/// The mask in the known windows, zero elsewhere.
NoduleMask seen_through(const NoduleMask& mask, const std::vector<SliceWindow>& known) {
  const VolumeShape& shape = mask.shape();
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(shape.voxels()));
  mask.to_bytes(bytes.data());
  for (std::int64_t s = 0; s < shape.slices; ++s) {
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      for (std::int64_t c = 0; c < shape.columns; ++c) {
        if (!known[static_cast<std::size_t>(s)].contains(r, c)) {
          bytes[static_cast<std::size_t>((s * shape.rows + r) * shape.columns + c)] = 0;
        }
      }
    }
  }
  return NoduleMask::from_bytes(bytes.data(), shape);
}

NoduleMask random_blobs(const VolumeShape& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(shape.voxels()), 0);
  const auto up_to = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<unsigned>(n));
  };
  for (int blob = 0; blob < 14; ++blob) {
    const VoxelIndex at{up_to(shape.slices), up_to(shape.rows), up_to(shape.columns)};
    const std::int64_t depth = 2 + up_to(3), height = 2 + up_to(6), width = 2 + up_to(9);
    for (std::int64_t s = at.slice; s < std::min(shape.slices, at.slice + depth + 1); ++s) {
      for (std::int64_t r = at.row; r < std::min(shape.rows, at.row + height + 1); ++r) {
        for (std::int64_t c = at.column; c < std::min(shape.columns, at.column + width + 1); ++c) {
          bytes[static_cast<std::size_t>((s * shape.rows + r) * shape.columns + c)] = 1;
        }
      }
    }
  }
  return NoduleMask::from_bytes(bytes.data(), shape);
}

using Voxels = std::vector<std::array<std::int64_t, 3>>;

/// Voxels of every component, in scan order.
std::vector<Voxels> voxels_by_component(const NoduleMask& mask) {
  const LabelledRuns labelled = label_eroded_runs(mask);
  std::vector<Voxels> result(static_cast<std::size_t>(labelled.count));
  for (const Run& run : labelled.runs) {
    for (std::int64_t c = run.begin; c < run.end; ++c) {
      result[static_cast<std::size_t>(run.component)].push_back({run.slice, run.row, c});
    }
  }
  return result;
}

TEST(OpenComponents, WhatIsNotOpenIsWholeWhateverIsSeen) {
  const VolumeShape shape{9, 24, 70};
  int closed = 0, open = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const NoduleMask truth = random_blobs(shape, seed);
    std::mt19937 random(seed + 1000);
    std::vector<SliceWindow> known(static_cast<std::size_t>(shape.slices));
    for (SliceWindow& window : known) {
      if (random() % 12 == 0) continue;  // nothing is known of this slice
      window = {static_cast<std::int64_t>(random() % 4), static_cast<std::int64_t>(random() % 10),
                20, 58};
    }
    const NoduleMask seen = seen_through(truth, known);
    const std::vector<Voxels> in_truth = voxels_by_component(truth);
    std::vector<VoxelIndex> open_first;
    for (const OpenComponent& component : open_components(seen, known)) {
      EXPECT_FALSE(component.leaks.empty());
      open_first.push_back(component.first);
    }
    std::size_t still_open = 0;
    for (const Voxels& voxels : voxels_by_component(seen)) {
      const bool whole = std::find(in_truth.begin(), in_truth.end(), voxels) != in_truth.end();
      VoxelIndex first{voxels[0][0], voxels[0][1], voxels[0][2]};
      for (const auto& [s, r, c] : voxels) {
        first = {std::min(first.slice, s), std::min(first.row, r), std::min(first.column, c)};
      }
      const bool is_open =
          std::find(open_first.begin(), open_first.end(), first) != open_first.end();
      EXPECT_TRUE(is_open || whole) << seed;
      closed += is_open ? 0 : 1;
      still_open += is_open ? 1 : 0;
    }
    EXPECT_GE(still_open, open_first.size());
    open += static_cast<int>(open_first.size());
  }
  EXPECT_GT(closed, 50);  // both kinds occurred
  EXPECT_GT(open, 50);
}

TEST(OpenComponents, NothingIsOpenWhereAllIsKnown) {
  const VolumeShape shape{9, 24, 70};
  const NoduleMask truth = random_blobs(shape, 3);
  EXPECT_TRUE(open_components(truth, std::vector<SliceWindow>(9, whole_slice(shape))).empty());
}

TEST(OpenComponents, TheSliceAboveMayLeak) {
  const VolumeShape shape{6, 9, 9};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(shape.voxels()), 1);
  std::fill(bytes.begin() + 4 * 81, bytes.end(), std::uint8_t{0});
  std::vector<SliceWindow> known(6, whole_slice(shape));
  known[4] = known[5] = {};
  const auto open = open_components(NoduleMask::from_bytes(bytes.data(), shape), known);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].first, (VoxelIndex{1, 1, 1}));
  EXPECT_EQ(open[0].last, (VoxelIndex{2, 7, 7}));
  for (const VoxelIndex& leak : open[0].leaks) EXPECT_EQ(leak.slice, 3);
}

TEST(OpenComponents, RefusesAnotherNumberOfWindows) {
  expect_error(ErrorCode::kInvalidArgument, {"2 windows", "3 slices"},
               [] { open_components(NoduleMask({3, 4, 4}), std::vector<SliceWindow>(2)); });
}

}  // namespace
}  // namespace lungrt::ops
