/// Kernels: the networks' input tensors from Hounsfield units, and operations on their outputs.
#pragma once

#include "ops/cuda/kernel.h"

namespace lungrt::ops::cuda {

/// Stacks slices with their neighbours, one item after the other (counterpart of
/// ops::stack_context). Voxels outside of the window are not read: its edge is repeated around it,
/// like a slice's.
struct StackContext {
  const std::int16_t* hu;
  Shape shape;
  Window window;
  Normalization normalization;
  std::int64_t first_slice, items;
  std::int64_t context;        ///< neighbouring slices on each side
  std::int64_t halo;           ///< pixels of padding before the window's first row and column
  std::int64_t height, width;  ///< of the input, including halo and padding
  bool channels_last;          ///< channels last
  float* output;

  /// Number of blocks that have work.
  std::int64_t rows() const { return items * height * (channels_last ? 1 : channels()); }

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    if (channels_last) {
      write_nhwc(block);
    } else {
      write_nchw(block);
    }
  }

 private:
  LUNGRT_BOTH std::int64_t channels() const { return 2 * context + 1; }

  /// Row of the volume that is copied to row y of a channel.
  LUNGRT_KERNEL const std::int16_t* row_of(std::int64_t item, std::int64_t channel,
                                           std::int64_t y) const {
    const std::int64_t slice =
        clamped<std::int64_t>(first_slice + item - context + channel, 0, shape.slices - 1);
    const std::int64_t row = window.first_row + clamped<std::int64_t>(y - halo, 0, window.rows - 1);
    return hu + (slice * shape.rows + row) * shape.columns + window.first_column;
  }

  LUNGRT_KERNEL std::int64_t column_of(std::int64_t x) const {
    return clamped<std::int64_t>(x - halo, 0, window.columns - 1);
  }

  template <typename Block>
  LUNGRT_KERNEL void write_nchw(Block& block) const {
    const std::int64_t all = items * channels() * height;
    for (std::int64_t r = block.index(); r < all; r += block.blocks()) {
      const std::int64_t plane = r / height;
      const std::int16_t* row = row_of(plane / channels(), plane % channels(), r % height);
      float* target = output + r * width;
      block.each_thread([&](int thread) {
        for (std::int64_t x = thread; x < width; x += block.threads()) {
          target[x] = normalization.of(block, row[column_of(x)]);
        }
      });
    }
  }

  template <typename Block>
  LUNGRT_KERNEL void write_nhwc(Block& block) const {
    const std::int64_t count = channels();
    for (std::int64_t r = block.index(); r < items * height; r += block.blocks()) {
      const std::int64_t item = r / height, y = r % height;
      float* target = output + r * width * count;
      block.each_thread([&](int thread) {
        std::int64_t x = thread / count, channel = thread % count;
        const std::int64_t step_x = block.threads() / count, step = block.threads() % count;
        for (std::int64_t i = thread; i < width * count; i += block.threads()) {
          target[i] = normalization.of(block, row_of(item, channel, y)[column_of(x)]);
          x += step_x;
          channel += step;
          if (channel >= count) {
            channel -= count;
            ++x;
          }
        }
      });
    }
  }
};

/// Copies crops of voxels, one after the other (counterpart of ops::gather_crop).
struct GatherCrops {
  const std::int16_t* hu;
  Shape shape;
  Normalization normalization;
  const std::int64_t* origins;  ///< slice, row, column of each crop's first voxel; may lie outside
  std::int64_t items;
  Shape crop;
  float* output;

  static constexpr std::int16_t kAirHu = -1000;  ///< around a volume smaller than the crop

  std::int64_t planes() const { return items * crop.slices; }

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    const auto area = static_cast<std::int32_t>(crop.rows * crop.columns);
    const auto columns = static_cast<std::int32_t>(crop.columns);
    for (std::int64_t p = block.index(); p < items * crop.slices; p += block.blocks()) {
      const std::int64_t* origin = origins + p / crop.slices * 3;
      const std::int64_t slice = origin[0] + p % crop.slices;
      const bool in_slices = slice >= 0 && slice < shape.slices;
      float* target = output + p * area;
      block.each_thread([&](int thread) {
        for (std::int32_t i = thread; i < area; i += block.threads()) {
          const std::int64_t row = origin[1] + i / columns, column = origin[2] + i % columns;
          const bool inside =
              in_slices && row >= 0 && row < shape.rows && column >= 0 && column < shape.columns;
          target[i] = normalization.of(
              block, inside ? hu[(slice * shape.rows + row) * shape.columns + column] : kAirHu);
        }
      });
    }
  }
};

/// Turns logits of one class into probabilities, in place.
struct Sigmoid {
  float* values;
  std::int64_t count;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(count,
                    [&](std::int64_t i) { values[i] = 1.0F / (1.0F + block.exp(-values[i])); });
  }
};

/// Turns logits of several classes into probabilities, in place; a NaN makes its whole row NaN.
struct Softmax {
  float* values;
  std::int64_t rows, classes;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(rows, [&](std::int64_t i) {
      float* row = values + i * classes;
      float largest = row[0];
      for (std::int64_t k = 1; k < classes; ++k) largest = row[k] > largest ? row[k] : largest;
      float sum = 0.0F;
      for (std::int64_t k = 0; k < classes; ++k) sum += row[k] = block.exp(row[k] - largest);
      for (std::int64_t k = 0; k < classes; ++k) row[k] /= sum;
    });
  }
};

/// sum += values.
struct Add {
  float* sum;
  const float* values;
  std::int64_t count;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(count, [&](std::int64_t i) { sum[i] += values[i]; });
  }
};

/// values /= by.
struct Divide {
  float* values;
  float by;
  std::int64_t count;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(count, [&](std::int64_t i) { values[i] /= by; });
  }
};

}  // namespace lungrt::ops::cuda
