/// Sizes that count towards a run's memory limit.
#pragma once

#include <cstdint>

#include "lungrt/geometry.h"

namespace lungrt {

/// Bytes of a NoduleMask.
inline std::int64_t mask_bytes(const VolumeShape& shape) {
  return shape.slices * shape.rows * ((shape.columns + 63) / 64) * 8;
}

/// Upper bound for one candidate during classification: the candidate, its voxel, probabilities,
/// finding and possible nodule, with the spare capacity of growing lists.
inline constexpr std::int64_t kBytesPerCandidate = 1024;

}  // namespace lungrt
