/// Sums over blocks of voxels, on a CUDA device.
#pragma once

#include "ops/cuda/kernel.h"

namespace lungrt::ops::cuda {

/// Sums of clamp(HU, kLowest, kHighest) over boxes of voxels, from which the lung field is found.
/// Boxes at the end of an axis are smaller where the factor does not divide its size.
struct BlockSums {
  static constexpr std::int32_t kLowest = -1024, kHighest = 1000;

  const std::int16_t* hu;
  Shape shape;
  Shape factors;  ///< voxels of a box along each axis; sums of up to 2^31 / 1024 voxels fit
  std::int32_t* sums;

  /// Number of boxes along an axis.
  LUNGRT_BOTH static std::int64_t boxes(std::int64_t size, std::int64_t factor) {
    return (size + factor - 1) / factor;
  }

  /// Total number of rows of boxes.
  std::int64_t rows() const {
    return boxes(shape.slices, factors.slices) * boxes(shape.rows, factors.rows);
  }

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    const std::int64_t slice_rows = boxes(shape.rows, factors.rows);
    const std::int64_t columns = boxes(shape.columns, factors.columns);
    const std::int64_t all_rows = boxes(shape.slices, factors.slices) * slice_rows;
    for (std::int64_t r = block.index(); r < all_rows; r += block.blocks()) {
      const std::int64_t z = r / slice_rows * factors.slices;
      const std::int64_t y = r % slice_rows * factors.rows;
      const std::int64_t z_end = end(z, factors.slices, shape.slices);
      const std::int64_t y_end = end(y, factors.rows, shape.rows);
      block.each_thread([&](int thread) {
        for (std::int64_t c = thread; c < columns; c += block.threads()) {
          const std::int64_t x = c * factors.columns;
          const std::int64_t x_end = end(x, factors.columns, shape.columns);
          sums[r * columns + c] = sum(z, z_end, y, y_end, x, x_end);
        }
      });
    }
  }

 private:
  LUNGRT_KERNEL static std::int64_t end(std::int64_t first, std::int64_t factor,
                                        std::int64_t size) {
    return first + factor < size ? first + factor : size;
  }

  LUNGRT_KERNEL std::int32_t sum(std::int64_t z, std::int64_t z_end, std::int64_t y,
                                 std::int64_t y_end, std::int64_t x, std::int64_t x_end) const {
    std::int32_t total = 0;
    for (std::int64_t slice = z; slice < z_end; ++slice) {
      for (std::int64_t row = y; row < y_end; ++row) {
        const std::int16_t* values = hu + (slice * shape.rows + row) * shape.columns;
        for (std::int64_t column = x; column < x_end; ++column) {
          total += clamped<std::int32_t>(values[column], kLowest, kHighest);
        }
      }
    }
    return total;
  }
};

}  // namespace lungrt::ops::cuda
