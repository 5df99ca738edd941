/// From probabilities to bits.
#pragma once

#include <cstdint>

#include "lungrt/mask.h"
#include "ops/slice_window.h"

namespace lungrt::ops {

/// Sets one slice of the mask where probability > threshold (strict, compared in float32). Slices
/// may be written by different threads at once.
/// \param probability  rows x columns of the mask's slice, row r at probability + r * row_stride
/// \throws Error kInference for a probability that is NaN
void threshold_slice(const float* probability, std::int64_t row_stride, float threshold,
                     std::int64_t slice, NoduleMask& mask);

/// As above for a part of a slice; the rest of the slice is cleared.
/// \param probability  of the window's rows and columns, row r at probability + r * row_stride
void threshold_window(const float* probability, std::int64_t row_stride, float threshold,
                      std::int64_t slice, const SliceWindow& window, NoduleMask& mask);

/// \throws Error kInference that names the voxel
[[noreturn]] void refuse_nan(const VoxelIndex& voxel);

}  // namespace lungrt::ops
