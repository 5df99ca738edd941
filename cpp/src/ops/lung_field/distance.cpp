#include "ops/lung_field/distance.h"

#include <cmath>
#include <limits>

namespace lungrt::ops {
namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();

/// Squared radius with a tolerance for rounding errors: a cell at exactly the radius must count as
/// within it.
float squared_limit(double radius_mm) {
  return static_cast<float>(radius_mm * radius_mm * (1.0 + 1e-6));
}

/// to[k] = min(to[k], from[k] + more).
void lower(const float* from, std::int64_t count, float more, float* to) {
  for (std::int64_t k = 0; k < count; ++k) to[k] = std::min(to[k], from[k] + more);
}

/// One axis of the separable minimum: out[i] = min over j of (step * (i - j))^2 + in[j], for
/// distances up to `reach_mm`. The axis has `length` cells, `stride` values apart.
void lower_along(std::int64_t blocks, std::int64_t length, std::int64_t stride, double step_mm,
                 double reach_mm, Cells<float>& squared) {
  const auto taps =
      std::min(length - 1, static_cast<std::int64_t>(reach_mm * (1.0 + 1e-6) / step_mm));
  std::vector<float> before(static_cast<std::size_t>(length * stride));
  for (std::int64_t block = 0; block < blocks; ++block) {
    float* values = squared.data() + block * length * stride;
    std::copy_n(values, length * stride, before.data());
    for (std::int64_t tap = 1; tap <= taps; ++tap) {
      const double away_mm = step_mm * static_cast<double>(tap);
      const auto more = static_cast<float>(away_mm * away_mm);
      const std::int64_t shift = tap * stride, count = (length - tap) * stride;
      lower(before.data() + shift, count, more, values);
      lower(before.data(), count, more, values + shift);
    }
  }
}

/// \param source  value of the cells that have distance 0
Cells<float> squared_distance(const CellMask& mask, std::uint8_t source, double reach_mm,
                              const CellSpacing& spacing_mm) {
  const VolumeShape& shape = mask.shape();
  Cells<float> squared(shape);
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    squared[cell] = mask[cell] == source ? 0.0F : kInfinite;
  }
  lower_along(shape.slices * shape.rows, shape.columns, 1, spacing_mm[2], reach_mm, squared);
  lower_along(shape.slices, shape.rows, shape.columns, spacing_mm[1], reach_mm, squared);
  lower_along(1, shape.slices, shape.slice_voxels(), spacing_mm[0], reach_mm, squared);
  return squared;
}

Cells<float> roots(Cells<float> squared, double reach_mm) {
  const float limit = squared_limit(reach_mm);
  for (float& value : squared) value = value <= limit ? std::sqrt(value) : kInfinite;
  return squared;
}

/// Pads the mask: with empty cells within slices, with copies of the first and last slice beyond
/// them.
CellMask padded(const CellMask& mask, const std::array<std::int64_t, 3>& by) {
  const VolumeShape& shape = mask.shape();
  CellMask result({shape.slices + 2 * by[0], shape.rows + 2 * by[1], shape.columns + 2 * by[2]});
  for (std::int64_t s = 0; s < result.shape().slices; ++s) {
    const std::int64_t from = std::clamp<std::int64_t>(s - by[0], 0, shape.slices - 1);
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      std::copy_n(&mask.at(from, r, 0), shape.columns, &result.at(s, by[1] + r, by[2]));
    }
  }
  return result;
}

}  // namespace

Cells<float> distance_to(const CellMask& mask, double reach_mm, const CellSpacing& spacing_mm) {
  return roots(squared_distance(mask, 1, reach_mm, spacing_mm), reach_mm);
}

Cells<float> depth_in(const CellMask& mask, double reach_mm, const CellSpacing& spacing_mm) {
  return roots(squared_distance(mask, 0, reach_mm, spacing_mm), reach_mm);
}

CellMask within_distance(const CellMask& mask, double distance_mm, const CellSpacing& spacing_mm) {
  const Cells<float> squared = squared_distance(mask, 1, distance_mm, spacing_mm);
  const float limit = squared_limit(distance_mm);
  return mask_where(mask.shape(), [&](std::int64_t cell) { return squared[cell] <= limit; });
}

CellMask close_with_ball(const CellMask& mask, double radius_mm, const CellSpacing& spacing_mm) {
  std::array<std::int64_t, 3> by{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    by[axis] = static_cast<std::int64_t>(std::ceil(radius_mm / spacing_mm[axis])) + 1;
  }
  const CellMask grown = within_distance(padded(mask, by), radius_mm, spacing_mm);
  const Cells<float> depth = squared_distance(grown, 0, radius_mm, spacing_mm);
  const float limit = squared_limit(radius_mm);
  CellMask closed = mask;
  for (std::int64_t s = 0; s < mask.shape().slices; ++s) {
    for (std::int64_t r = 0; r < mask.shape().rows; ++r) {
      const float* from = &depth.at(by[0] + s, by[1] + r, by[2]);
      std::uint8_t* to = &closed.at(s, r, 0);
      for (std::int64_t c = 0; c < mask.shape().columns; ++c) to[c] |= from[c] > limit ? 1 : 0;
    }
  }
  return closed;
}

}  // namespace lungrt::ops
