/// Sizes of what a run holds, for its limit.
#pragma once

#include <cstdint>

#include "lungrt/geometry.h"

namespace lungrt {

/// Of a NoduleMask.
inline std::int64_t mask_bytes(const VolumeShape& shape) {
  return shape.slices * shape.rows * ((shape.columns + 63) / 64) * 8;
}

/// Of what the classifiers make of a candidate: itself, its place, probabilities, its finding, the
/// nodule that it may become, and what growing lists hold besides.
inline constexpr std::int64_t kBytesPerCandidate = 1024;

}  // namespace lungrt
