/// Inputs of the benchmark of the CUDA kernels, of the size and content of a chest CT.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "ops/cuda/kernel.h"

namespace lungrt::ops::cuda {

inline MaskShape mask_shape_of(const Shape& shape) {
  return {static_cast<std::int32_t>(shape.slices), static_cast<std::int32_t>(shape.rows),
          static_cast<std::int32_t>(shape.columns),
          static_cast<std::int32_t>((shape.columns + 63) / 64)};
}

/// A body with two lungs in air, with noise.
inline std::vector<std::int16_t> chest(const Shape& shape) {
  std::mt19937 random(1);
  const auto inside = [&](std::int64_t row, std::int64_t column, double middle, double rows,
                          double columns) {
    const double y = (static_cast<double>(row) / static_cast<double>(shape.rows) - 0.5) / rows;
    const double x =
        (static_cast<double>(column) / static_cast<double>(shape.columns) - middle) / columns;
    return y * y + x * x <= 1;
  };
  std::vector<std::int16_t> slice(static_cast<std::size_t>(shape.rows * shape.columns));
  for (std::int64_t row = 0; row < shape.rows; ++row)
    for (std::int64_t column = 0; column < shape.columns; ++column) {
      const bool lung =
          inside(row, column, 0.31, 0.25, 0.15) || inside(row, column, 0.69, 0.25, 0.15);
      const bool body = inside(row, column, 0.5, 0.38, 0.45);
      slice[static_cast<std::size_t>(row * shape.columns + column)] =
          static_cast<std::int16_t>(lung   ? -850
                                    : body ? 40
                                           : -1000);
    }
  std::vector<std::int16_t> hu;
  for (std::int64_t z = 0; z < shape.slices; ++z)
    for (const std::int16_t value : slice)
      hu.push_back(static_cast<std::int16_t>(value + static_cast<int>(random() % 80) - 40));
  return hu;
}

/// Mask of boxes of several sizes, about one percent of a chest CT: somewhat more than a
/// segmentation finds.
inline std::vector<std::uint64_t> proposals(const MaskShape& shape) {
  std::mt19937 random(3);
  std::vector<std::uint64_t> mask(static_cast<std::size_t>(shape.all_words()));
  const auto below = [&](std::int32_t most) {
    return static_cast<std::int32_t>(random() % static_cast<unsigned>(most));
  };
  const std::int64_t boxes = std::int64_t{shape.slices} * shape.rows * shape.columns / 8700;
  for (std::int64_t box = 0; box < boxes; ++box) {
    const std::int32_t size = 3 + below(10), z = below(shape.slices - size);
    const std::int32_t y = below(shape.rows - size), x = below(shape.columns - size);
    for (std::int32_t dz = 0; dz < std::min(size, 6); ++dz)
      for (std::int32_t dy = 0; dy < size; ++dy)
        for (std::int32_t dx = 0; dx < size; ++dx) {
          const std::int64_t row = std::int64_t{z + dz} * shape.rows + y + dy;
          mask[static_cast<std::size_t>(row * shape.words + (x + dx) / 64)] |= std::uint64_t{1}
                                                                               << ((x + dx) % 64);
        }
  }
  return mask;
}

/// Probabilities of a segmentation that found this mask: near 0 outside of it, near 1 within.
inline std::vector<float> probabilities(const MaskShape& shape,
                                        const std::vector<std::uint64_t>& mask) {
  std::mt19937 random(5);
  std::vector<float> values;
  for (std::int64_t row = 0; row < std::int64_t{shape.slices} * shape.rows; ++row)
    for (std::int32_t column = 0; column < shape.columns; ++column) {
      const auto word = mask[static_cast<std::size_t>(row * shape.words + column / 64)];
      const float noise = static_cast<float>(random() % 1024) / 4096.0F;
      values.push_back((word >> (column % 64) & 1) != 0 ? 1.0F - noise : noise);
    }
  return values;
}

}  // namespace lungrt::ops::cuda
