/// Activations of 3-D networks.
#pragma once

#include <algorithm>

#include "native/aligned_buffer.h"
#include "native/packing.h"

namespace lungrt::native {

/// Assignment of channels and slices to the sixteen floats of a pixel.
enum class Packing {
  kPlanar,  ///< a single channel; a pixel is one float
  kBlocks,  ///< sixteen channels of one slice
  kPairs,   ///< eight channels of an even slice, then those of the following odd slice
};

/// Shape and packing of an activation.
struct VoxelShape {
  int channels = 0;
  int slices = 0, height = 0, width = 0;
  Packing packing = Packing::kBlocks;

  int blocks() const { return packing == Packing::kPairs ? 1 : blocks_of(channels); }
  /// Number of slices, or of pairs of slices.
  int planes() const { return packing == Packing::kPairs ? (slices + 1) / 2 : slices; }
  int pixel_stride() const { return packing == Packing::kPlanar ? 1 : kBlock; }
};

/// Values of an activation with a border of zeros: one plane before the first and after the last,
/// and one row and one pixel around each plane.
class VoxelBlock {
 public:
  VoxelBlock() = default;
  explicit VoxelBlock(const VoxelShape& shape)
      : shape_(shape),
        row_floats_(row_floats(shape)),
        plane_floats_(row_floats_ * (shape.height + 2)),
        block_floats_(plane_floats_ * (shape.planes() + 2)),
        buffer_(static_cast<std::size_t>(floats(shape))) {}

  /// Number of floats of a block of this shape.
  static std::ptrdiff_t floats(const VoxelShape& shape) {
    const std::ptrdiff_t block = row_floats(shape) * (shape.height + 2) * (shape.planes() + 2);
    return block * shape.blocks() + row_floats(shape);
  }

  const VoxelShape& shape() const { return shape_; }
  /// Pixel 0 of a row; valid for planes and rows from -1 to one past the last.
  float* row(int block, int plane, int y) {
    return buffer_.data() + block * block_floats_ + (plane + 1) * plane_floats_ +
           (y + 1) * row_floats_ + shape_.pixel_stride();
  }
  /// Clears the pixel after the last one of a row, which kernels may have overwritten.
  void clear_right_edge(int block, int plane, int y) {
    const std::ptrdiff_t stride = shape_.pixel_stride();
    float* edge = row(block, plane, y) + shape_.width * stride;
    std::fill(edge, edge + stride, 0.0F);
  }
  /// Clears the unused slice of the last pair, where the number of slices is odd.
  void clear_missing_slice() {
    if (shape_.packing != Packing::kPairs || shape_.slices % 2 == 0) return;
    for (int y = 0; y < shape_.height; ++y) {
      float* pixels = row(0, shape_.planes() - 1, y);
      for (int x = 0; x < shape_.width; ++x) {
        std::fill(pixels + x * kBlock + kBlock / 2, pixels + (x + 1) * kBlock, 0.0F);
      }
    }
  }

 private:
  static std::ptrdiff_t row_floats(const VoxelShape& shape) {
    return static_cast<std::ptrdiff_t>(1 + shape.width + kRowSlack) * shape.pixel_stride();
  }

  VoxelShape shape_;
  std::ptrdiff_t row_floats_ = 0, plane_floats_ = 0, block_floats_ = 0;
  AlignedBuffer buffer_;
};

}  // namespace lungrt::native
