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

  // Within a row, numbers of 32 bits: those of 64 would take longer than the memory.

  /// Row y of the first slice, at the window's first column.
  LUNGRT_KERNEL const std::int16_t* row_of(std::int64_t y) const {
    const std::int64_t row = window.first_row + clamped<std::int64_t>(y - halo, 0, window.rows - 1);
    return hu + row * shape.columns + window.first_column;
  }

  LUNGRT_KERNEL std::int32_t slice_of(std::int32_t item, std::int32_t channel) const {
    return clamped(static_cast<std::int32_t>(first_slice - context) + item + channel, 0,
                   static_cast<std::int32_t>(shape.slices) - 1);
  }

  LUNGRT_KERNEL std::int32_t column_of(std::int32_t x) const {
    return clamped(x - static_cast<std::int32_t>(halo), 0,
                   static_cast<std::int32_t>(window.columns) - 1);
  }

  template <typename Block>
  LUNGRT_KERNEL void write_nchw(Block& block) const {
    const auto count = static_cast<std::int32_t>(channels());
    const auto columns = static_cast<std::int32_t>(width);
    const std::int64_t step_planes = block.blocks() / height, step_rows = block.blocks() % height;
    std::int64_t plane = block.index() / height, y = block.index() % height;
    while (plane < items * count) {
      const auto p = static_cast<std::int32_t>(plane);
      const std::int64_t slice = slice_of(p / count, p % count);
      const std::int16_t* row = row_of(y) + slice * shape.rows * shape.columns;
      float* target = output + (plane * height + y) * width;
      block.each_thread([&](int thread) {
        for (std::int32_t x = thread; x < columns; x += block.threads()) {
          target[x] = normalization.of(block, row[column_of(x)]);
        }
      });
      plane += step_planes;
      y += step_rows;
      if (y >= height) {
        y -= height;
        ++plane;
      }
    }
  }

  template <typename Block>
  LUNGRT_KERNEL void write_nhwc(Block& block) const {
    const auto count = static_cast<std::int32_t>(channels());
    const std::int64_t slice_voxels = shape.rows * shape.columns;
    for (std::int64_t r = block.index(); r < items * height; r += block.blocks()) {
      const auto item = static_cast<std::int32_t>(r / height);
      const std::int16_t* row = row_of(r % height);
      float* target = output + r * width * count;
      block.each_thread([&](int thread) {
        std::int32_t x = thread / count, channel = thread % count;
        const std::int32_t step_x = block.threads() / count, step = block.threads() % count;
        for (std::int64_t i = thread; i < width * count; i += block.threads()) {
          target[i] =
              normalization.of(block, row[slice_of(item, channel) * slice_voxels + column_of(x)]);
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
