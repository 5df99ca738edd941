/// Grids of coarse cells, and masks of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lungrt/geometry.h"

namespace lungrt::ops {

/// One value per cell, in the order (slice, row, column).
template <typename T>
class Cells {
 public:
  Cells() = default;
  explicit Cells(const VolumeShape& shape, T value = T{})
      : shape_(shape), values_(static_cast<std::size_t>(shape.voxels()), value) {}

  const VolumeShape& shape() const { return shape_; }
  std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  T* slice(std::int64_t slice) { return data() + slice * shape_.slice_voxels(); }
  const T* slice(std::int64_t slice) const { return data() + slice * shape_.slice_voxels(); }
  T& operator[](std::int64_t cell) { return values_[static_cast<std::size_t>(cell)]; }
  const T& operator[](std::int64_t cell) const { return values_[static_cast<std::size_t>(cell)]; }
  std::int64_t index(std::int64_t slice, std::int64_t row, std::int64_t column) const {
    return (slice * shape_.rows + row) * shape_.columns + column;
  }
  T& at(std::int64_t slice, std::int64_t row, std::int64_t column) {
    return (*this)[index(slice, row, column)];
  }
  const T& at(std::int64_t slice, std::int64_t row, std::int64_t column) const {
    return (*this)[index(slice, row, column)];
  }
  VoxelIndex place(std::int64_t cell) const {
    return {cell / shape_.slice_voxels(), cell / shape_.columns % shape_.rows,
            cell % shape_.columns};
  }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }
  auto begin() { return values_.begin(); }
  auto end() { return values_.end(); }

 private:
  VolumeShape shape_;
  std::vector<T> values_;
};

/// 0 or 1 per cell.
using CellMask = Cells<std::uint8_t>;

/// Distance between cell centres along (slices, rows, columns), mm.
using CellSpacing = std::array<double, 3>;

inline double cell_ml(const CellSpacing& spacing_mm) {
  return spacing_mm[0] * spacing_mm[1] * spacing_mm[2] / 1000.0;
}

/// Area of a cell within its slice.
inline double cell_cm2(const CellSpacing& spacing_mm) {
  return spacing_mm[1] * spacing_mm[2] / 100.0;
}

inline std::int64_t count(const CellMask& mask) {
  std::int64_t set = 0;
  for (const std::uint8_t cell : mask) set += cell;
  return set;
}

inline bool any(const CellMask& mask) {
  return std::find(mask.begin(), mask.end(), std::uint8_t{1}) != mask.end();
}

/// Mask of the cells for which `rule(cell)` holds.
template <typename Rule>
CellMask mask_where(const VolumeShape& shape, Rule&& rule) {
  CellMask mask(shape);
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) mask[cell] = rule(cell) ? 1 : 0;
  return mask;
}

inline void add(CellMask& mask, const CellMask& other) {
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) mask[cell] |= other[cell];
}

inline void remove(CellMask& mask, const CellMask& other) {
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    mask[cell] &= static_cast<std::uint8_t>(other[cell] ^ 1);
  }
}

inline void keep_only(CellMask& mask, const CellMask& other) {
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) mask[cell] &= other[cell];
}

/// Box of cells: [first, last) along (slices, rows, columns).
struct CellBox {
  std::array<std::int64_t, 3> first{}, last{};
  bool empty() const { return last[0] <= first[0]; }
  VolumeShape shape() const { return {last[0] - first[0], last[1] - first[1], last[2] - first[2]}; }
};

/// Bounding box of the set cells; empty where there are none.
inline CellBox bounding_box(const CellMask& mask) {
  CellBox box{{mask.shape().slices, mask.shape().rows, mask.shape().columns}, {0, 0, 0}};
  for (std::int64_t s = 0; s < mask.shape().slices; ++s) {
    for (std::int64_t r = 0; r < mask.shape().rows; ++r) {
      const std::uint8_t* first = &mask.at(s, r, 0);
      const std::uint8_t* last = first + mask.shape().columns;
      const std::uint8_t* set = std::find(first, last, std::uint8_t{1});
      if (set == last) continue;
      const std::uint8_t* end = last;
      while (end[-1] == 0) --end;
      box.first = {std::min(box.first[0], s), std::min(box.first[1], r),
                   std::min(box.first[2], set - first)};
      box.last = {s + 1, std::max(box.last[1], r + 1), std::max(box.last[2], end - first)};
    }
  }
  return box;
}

/// The same, grown by a margin and clipped to the grid.
inline CellBox bounding_box(const CellMask& mask, double margin_mm, const CellSpacing& spacing_mm) {
  const std::array<std::int64_t, 3> sizes{mask.shape().slices, mask.shape().rows,
                                          mask.shape().columns};
  CellBox box = bounding_box(mask);
  if (box.empty()) return box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto margin = static_cast<std::int64_t>(margin_mm / spacing_mm[axis]) + 1;
    box.first[axis] = std::max<std::int64_t>(0, box.first[axis] - margin);
    box.last[axis] = std::min(sizes[axis], box.last[axis] + margin);
  }
  return box;
}

inline CellMask cut_out(const CellMask& mask, const CellBox& box) {
  CellMask part(box.shape());
  for (std::int64_t s = 0; s < part.shape().slices; ++s) {
    for (std::int64_t r = 0; r < part.shape().rows; ++r) {
      std::copy_n(&mask.at(box.first[0] + s, box.first[1] + r, box.first[2]), part.shape().columns,
                  &part.at(s, r, 0));
    }
  }
  return part;
}

/// Sets the cells of a part that was cut out of this box.
inline void add_at(CellMask& mask, const CellMask& part, const CellBox& box) {
  for (std::int64_t s = 0; s < part.shape().slices; ++s) {
    for (std::int64_t r = 0; r < part.shape().rows; ++r) {
      const std::uint8_t* from = &part.at(s, r, 0);
      std::uint8_t* to = &mask.at(box.first[0] + s, box.first[1] + r, box.first[2]);
      for (std::int64_t c = 0; c < part.shape().columns; ++c) to[c] |= from[c];
    }
  }
}

}  // namespace lungrt::ops
