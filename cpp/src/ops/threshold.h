/// Thresholding of probabilities.
#pragma once

#include <cstdint>

#include "lungrt/mask.h"
#include "ops/slice_window.h"

namespace lungrt::ops {

/// Sets one slice of the mask where probability > threshold (strict, compared in float32).
/// Different threads may write different slices at the same time.
/// \param probability  rows x columns of the slice, row r at probability + r * row_stride
/// \throws Error kInference for a probability that is NaN
void threshold_slice(const float* probability, std::int64_t row_stride, float threshold,
                     std::int64_t slice, NoduleMask& mask);

/// The same for a window of a slice; the rest of the slice is cleared.
/// \param probability  rows x columns of the window, row r at probability + r * row_stride
void threshold_window(const float* probability, std::int64_t row_stride, float threshold,
                      std::int64_t slice, const SliceWindow& window, NoduleMask& mask);

/// Reports a NaN.
/// \throws Error kInference, with the voxel in the message
[[noreturn]] void refuse_nan(const VoxelIndex& voxel);

}  // namespace lungrt::ops
