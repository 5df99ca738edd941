/// Slices with their neighbours, as the segmentation network wants them.
#pragma once

#include <cstdint>

#include "core/bundle.h"
#include "lungrt/volume.h"
#include "ops/layout.h"
#include "ops/slice_window.h"

namespace lungrt::ops {

/// Height and width of the network's input for so many rows and columns: edge-replicated at the
/// bottom and right up to the next multiple, then by the halo on every side.
struct PaddedSize {
  std::int64_t height, width;
};
PaddedSize padded_size(std::int64_t rows, std::int64_t columns, const InputContract& input);
PaddedSize padded_size(const VolumeShape& shape, const InputContract& input);

/// Writes the input of one slice: channels = 2 * context_slices + 1, channel k is slice
/// `slice - context_slices + k` with the edge slices repeated, each voxel
/// clamp(hu, window) * scale + offset.
/// \param layout  planes: [channel][height][width]; interleaved: [height][width][channel]
/// \param output  channels * height * width floats
/// \throws Error kInvalidArgument  for a slice outside of the volume
void stack_context(const CtVolume& volume, std::int64_t slice, const InputContract& input,
                   Layout layout, float* output);

/// As above, of a window as if there were nothing around it.
/// \throws Error kInvalidArgument  also for a window that is empty or sticks out of the slice
void stack_context(const CtVolume& volume, std::int64_t slice, const SliceWindow& window,
                   const InputContract& input, Layout layout, float* output);

}  // namespace lungrt::ops
