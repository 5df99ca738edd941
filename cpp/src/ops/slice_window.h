/// Rectangular windows within slices.
#pragma once

#include <algorithm>
#include <cstdint>

#include "lungrt/geometry.h"

namespace lungrt::ops {

/// Window: a range of rows and columns of a slice.
struct SliceWindow {
  std::int64_t first_row = 0, first_column = 0;
  std::int64_t rows = 0, columns = 0;

  bool empty() const { return rows <= 0 || columns <= 0; }
  std::int64_t last_row() const { return first_row + rows; }           ///< exclusive
  std::int64_t last_column() const { return first_column + columns; }  ///< exclusive
  bool contains(std::int64_t row, std::int64_t column) const {
    return row >= first_row && row < last_row() && column >= first_column && column < last_column();
  }
  bool same_size(const SliceWindow& other) const {
    return rows == other.rows && columns == other.columns;
  }
  friend bool operator==(const SliceWindow&, const SliceWindow&) = default;
};

inline SliceWindow whole_slice(const VolumeShape& shape) {
  return {0, 0, shape.rows, shape.columns};
}

/// [first_row, last_row) x [first_column, last_column), clipped to the slice.
inline SliceWindow window_between(std::int64_t first_row, std::int64_t last_row,
                                  std::int64_t first_column, std::int64_t last_column,
                                  const VolumeShape& shape) {
  const std::int64_t top = std::max<std::int64_t>(first_row, 0);
  const std::int64_t left = std::max<std::int64_t>(first_column, 0);
  return {top, left, std::min(last_row, shape.rows) - top,
          std::min(last_column, shape.columns) - left};
}

/// Smallest window that contains both; empty windows are ignored.
inline SliceWindow around(const SliceWindow& a, const SliceWindow& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const std::int64_t top = std::min(a.first_row, b.first_row);
  const std::int64_t left = std::min(a.first_column, b.first_column);
  return {top, left, std::max(a.last_row(), b.last_row()) - top,
          std::max(a.last_column(), b.last_column()) - left};
}

}  // namespace lungrt::ops
