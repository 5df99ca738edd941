/// Input of the segmentation network: slices with their neighbours as channels.
#pragma once

#include <cstdint>

#include "core/bundle/bundle.h"
#include "lungrt/volume.h"
#include "ops/network_input.h"
#include "ops/slice_window.h"

namespace lungrt::ops {

/// Height and width of the network's input for a number of rows and columns: padded with copies of
/// the edge at the bottom and right up to the next multiple, then by the halo on every side.
struct PaddedSize {
  std::int64_t height, width;
};
PaddedSize padded_size(std::int64_t rows, std::int64_t columns, const InputContract& input);
PaddedSize padded_size(const VolumeShape& shape, const InputContract& input);

/// Writes the input for one slice. It has 2 * context_slices + 1 channels; channel k is slice
/// `slice - context_slices + k`, or the first or last slice beyond the ends of the volume. Each
/// voxel becomes clamp(hu, window) * scale + offset.
/// \param layout  kNchw: [channel][height][width]; kNhwc: [height][width][channel]
/// \param output  channels * height * width floats
/// \throws Error kInvalidArgument  for a slice outside of the volume
void stack_context(const CtVolume& volume, std::int64_t slice, const InputContract& input,
                   Layout layout, float* output);

/// The same for a window of the slice; voxels outside of the window are ignored.
/// \throws Error kInvalidArgument  also for a window that is empty or extends beyond the slice
void stack_context(const CtVolume& volume, std::int64_t slice, const SliceWindow& window,
                   const InputContract& input, Layout layout, float* output);

}  // namespace lungrt::ops
