/// Masks of cells for tests.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "ops/lung_field/cells.h"

namespace lungrt::ops::testing {

/// Slice from rows of '#' (set) and other characters (not set), all of the same length.
inline CellMask drawn(const std::vector<std::string>& rows) {
  const CellMask empty(
      {1, static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.front().size())});
  return mask_where(empty.shape(), [&](std::int64_t cell) {
    const VoxelIndex at = empty.place(cell);
    return rows[static_cast<std::size_t>(at.row)][static_cast<std::size_t>(at.column)] == '#';
  });
}

inline CellMask random_mask(const VolumeShape& shape, double share, unsigned seed) {
  std::mt19937 random(seed);
  std::bernoulli_distribution set(share);
  return mask_where(shape, [&](std::int64_t) { return set(random); });
}

/// Sets the cells of a ball.
inline void add_ball(CellMask& mask, const VoxelIndex& center, double radius) {
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    const VoxelIndex at = mask.place(cell);
    const auto z = static_cast<double>(at.slice - center.slice);
    const auto y = static_cast<double>(at.row - center.row);
    const auto x = static_cast<double>(at.column - center.column);
    if (z * z + y * y + x * x <= radius * radius) mask[cell] = 1;
  }
}

inline void expect_same(const CellMask& found, const CellMask& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::int64_t cell = 0; cell < found.size(); ++cell) {
    const VoxelIndex at = found.place(cell);
    ASSERT_EQ(found[cell], expected[cell]) << at.slice << " " << at.row << " " << at.column;
  }
}

}  // namespace lungrt::ops::testing
