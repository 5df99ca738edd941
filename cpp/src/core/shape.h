/// Limits of a volume's shape.
#pragma once

#include <cstdint>
#include <limits>

#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// Longest axis. Runs store rows and columns as int32.
inline constexpr std::int64_t kMaxAxis = std::numeric_limits<std::int32_t>::max();
/// Most voxels of a volume, 8 GB of int16. The number of components in such a volume fits int32,
/// because the first voxels of two components are never neighbours.
inline constexpr std::int64_t kMaxVoxels = 4'000'000'000;

/// Checks that no axis is empty or too long and that there are not too many voxels.
/// \throws Error with the given code if the shape is invalid
inline void check_shape(const VolumeShape& shape, ErrorCode code) {
  const auto fits = [](std::int64_t axis) { return axis >= 1 && axis <= kMaxAxis; };
  if (!fits(shape.slices) || !fits(shape.rows) || !fits(shape.columns)) {
    throw Error(code, "a volume of " + text::extent(shape) +
                          " (slices x rows x columns) is not possible: each axis must have 1 to " +
                          text::grouped(kMaxAxis) + " voxels");
  }
  if (shape.rows > kMaxVoxels / shape.columns || shape.slices > kMaxVoxels / shape.slice_voxels()) {
    throw Error(code, "a volume of " + text::extent(shape) +
                          " (slices x rows x columns) has more than " + text::grouped(kMaxVoxels) +
                          " voxels; crop or resample it first");
  }
}

}  // namespace lungrt
