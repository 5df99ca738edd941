/// Ring buffer of the rows of an activation that are still needed.
#pragma once

#include <algorithm>
#include <cstddef>

#include "native/kernels.h"
#include "native/unet/schedule.h"

namespace lungrt::native {

/// Number of floats of a row, including the pixel before it and the slack after its end.
inline std::size_t row_floats(int width, int pixel_stride) {
  return static_cast<std::size_t>(1 + width + kRowSlack) * static_cast<std::size_t>(pixel_stride);
}

/// Ring buffer of a node's rows: a new row replaces the oldest one.
class RowRing {
 public:
  /// \param memory  zeros, as many as floats() says; they must outlive this object
  RowRing(float* memory, int blocks, const Extent& extent, int pixel_stride)
      : memory_(memory),
        blocks_(blocks),
        capacity_(capacity(extent)),
        width_(extent.width),
        pixel_stride_(pixel_stride),
        row_floats_(row_floats(extent.width, pixel_stride)) {}

  /// Number of floats of its memory.
  static std::size_t floats(int blocks, const Extent& extent, int pixel_stride) {
    // One more row for the slack of the last one.
    return row_floats(extent.width, pixel_stride) *
           static_cast<std::size_t>(capacity(extent) * blocks + 1);
  }

  /// Pixel 0 of a row; one pixel before it, and kRowSlack pixels after it, may be read.
  float* row(int block, int y) {
    const auto slot = static_cast<std::size_t>((y % capacity_) * blocks_ + block);
    return memory_ + slot * row_floats_ + static_cast<std::size_t>(pixel_stride_);
  }
  /// Clears the pixel after the last one of a row, where a padded convolution must read zero.
  void clear_right_edge(int y) {
    for (int b = 0; b < blocks_; ++b) {
      float* edge = row(b, y) + static_cast<std::ptrdiff_t>(width_) * pixel_stride_;
      std::fill(edge, edge + pixel_stride_, 0.0F);
    }
  }
  int blocks() const { return blocks_; }

 private:
  static int capacity(const Extent& extent) { return std::max(extent.kept_rows, 1); }

  float* memory_;
  int blocks_;
  int capacity_;
  int width_;
  int pixel_stride_;
  std::size_t row_floats_;
};

}  // namespace lungrt::native
