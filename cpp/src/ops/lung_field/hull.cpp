#include "ops/lung_field/hull.h"

#include <cmath>

namespace lungrt::ops {
namespace {

struct Point {
  std::int64_t along, value;
};

/// Lower convex hull of points sorted by `along`, evaluated at every integer between the ends.
std::vector<double> lower_hull(const std::vector<Point>& points) {
  std::vector<Point> hull;
  for (const Point& point : points) {
    while (hull.size() > 1) {
      const Point& a = hull[hull.size() - 2];
      const Point& b = hull.back();
      const bool above = (b.value - a.value) * (point.along - a.along) >=
                         (point.value - a.value) * (b.along - a.along);
      if (!above) break;
      hull.pop_back();
    }
    hull.push_back(point);
  }
  std::vector<double> values;
  for (std::size_t k = 0; k + 1 < hull.size(); ++k) {
    const Point &a = hull[k], &b = hull[k + 1];
    for (std::int64_t at = a.along; at < b.along; ++at) {
      values.push_back(static_cast<double>(a.value) + static_cast<double>(b.value - a.value) *
                                                          static_cast<double>(at - a.along) /
                                                          static_cast<double>(b.along - a.along));
    }
  }
  values.push_back(static_cast<double>(hull.back().value));
  return values;
}

/// Planes of a mask along any axis: sizes, and strides to the next plane, line and cell.
struct PlaneView {
  std::int64_t planes, lines, cells;
  std::int64_t plane_stride, line_stride, cell_stride;
};

void add_hulls(const CellMask& mask, const PlaneView& view, CellMask& hulls) {
  std::vector<Point> left, right;  // right ends are negated, so that both hulls are lower hulls
  for (std::int64_t plane = 0; plane < view.planes; ++plane) {
    left.clear();
    right.clear();
    for (std::int64_t line = 0; line < view.lines; ++line) {
      const std::int64_t start = plane * view.plane_stride + line * view.line_stride;
      std::int64_t first = -1, last = -1;
      for (std::int64_t k = 0; k < view.cells; ++k) {
        if (!mask[start + k * view.cell_stride]) continue;
        if (first < 0) first = k;
        last = k;
      }
      if (first < 0) continue;
      left.push_back({line, first});
      right.push_back({line, -last});
    }
    if (left.empty()) continue;
    const std::vector<double> from = lower_hull(left), to = lower_hull(right);
    for (std::size_t k = 0; k < from.size(); ++k) {
      const std::int64_t start =
          plane * view.plane_stride +
          (left.front().along + static_cast<std::int64_t>(k)) * view.line_stride;
      const auto first = static_cast<std::int64_t>(std::floor(from[k] + 1e-6));
      const auto last = static_cast<std::int64_t>(std::ceil(-to[k] - 1e-6));
      for (std::int64_t c = first; c <= last; ++c) hulls[start + c * view.cell_stride] = 1;
    }
  }
}

}  // namespace

CellMask axial_hulls(const CellMask& mask) {
  const VolumeShape& shape = mask.shape();
  CellMask hulls(shape);
  add_hulls(mask, {shape.slices, shape.rows, shape.columns, shape.slice_voxels(), shape.columns, 1},
            hulls);
  return hulls;
}

CellMask hulls_in_three_planes(const CellMask& mask) {
  const VolumeShape& shape = mask.shape();
  CellMask hulls = axial_hulls(mask);
  const std::int64_t slice = shape.slice_voxels(), row = shape.columns;
  add_hulls(mask, {shape.rows, shape.slices, shape.columns, row, slice, 1}, hulls);
  add_hulls(mask, {shape.columns, shape.rows, shape.slices, 1, row, slice}, hulls);
  return hulls;
}

}  // namespace lungrt::ops
