/// What a volume's extent may be.
#pragma once

#include <cstdint>
#include <limits>

#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// Longest axis: rows and columns of runs are int32.
inline constexpr std::int64_t kMaxAxis = std::numeric_limits<std::int32_t>::max();
/// Most voxels, 8 GB of int16: no volume of this size has more components than int32 counts, since
/// first voxels of components never touch.
inline constexpr std::int64_t kMaxVoxels = 4'000'000'000;

/// \throws Error with the code given where an axis is empty or too long, or voxels are too many
inline void check_shape(const VolumeShape& shape, ErrorCode code) {
  const auto fits = [](std::int64_t axis) { return axis >= 1 && axis <= kMaxAxis; };
  if (!fits(shape.slices) || !fits(shape.rows) || !fits(shape.columns)) {
    throw Error(code, "a volume of " + text::extent(shape) +
                          " (slices x rows x columns): each axis must have 1 to " +
                          text::grouped(kMaxAxis) + " voxels");
  }
  if (shape.rows > kMaxVoxels / shape.columns || shape.slices > kMaxVoxels / shape.slice_voxels()) {
    throw Error(code, "a volume of " + text::extent(shape) +
                          " (slices x rows x columns) has more than " + text::grouped(kMaxVoxels) +
                          " voxels; crop or resample it first");
  }
}

}  // namespace lungrt
