/// Mapping between voxel indices and world coordinates.
#pragma once

#include <array>
#include <cstdint>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// World position or extent (x, y, z) in mm, LPS (towards the patient's left, posterior, superior).
using Vec3 = std::array<double, 3>;

/// Rows of a 3x3 matrix; column j is the world direction of image axis j (columns, rows, slices).
using Matrix3 = std::array<Vec3, 3>;

/// Index of a voxel in array order: (slice, row, column).
struct VoxelIndex {
  std::int64_t slice = 0;
  std::int64_t row = 0;
  std::int64_t column = 0;
  friend bool operator==(const VoxelIndex& a, const VoxelIndex& b) {
    return a.slice == b.slice && a.row == b.row && a.column == b.column;
  }
};

/// Shape of a volume in array order: (slices, rows, columns).
struct VolumeShape {
  std::int64_t slices = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t voxels() const { return slices * rows * columns; }
  std::int64_t slice_voxels() const { return rows * columns; }
  bool contains(const VoxelIndex& i) const {
    return i.slice >= 0 && i.slice < slices && i.row >= 0 && i.row < rows && i.column >= 0 &&
           i.column < columns;
  }
  friend bool operator==(const VolumeShape& a, const VolumeShape& b) {
    return a.slices == b.slices && a.rows == b.rows && a.columns == b.columns;
  }
};

/// Box of voxels; both corners are included.
struct VoxelBox {
  VoxelIndex first, last;
  friend bool operator==(const VoxelBox& a, const VoxelBox& b) {
    return a.first == b.first && a.last == b.last;
  }
};

/// How a world position is mapped back to a voxel.
enum class InverseTransform {
  /// The book's formula `((world - origin) @ inverse(direction)) / spacing`. It is the inverse of
  /// `to_world` only if direction @ direction is the identity. Kept for parity with the book.
  kBook,
  /// The true inverse of `to_world`.
  kExact,
};

/// Affine map between voxel indices and world positions, computed in float64.
class LUNGRT_API Geometry {
 public:
  /// Unit spacing, origin at zero, identity direction.
  Geometry();

  /// \param origin_mm   world position (x, y, z) of voxel (0, 0, 0)
  /// \param spacing_mm  distance between voxel centres along (columns, rows, slices): x, y, z order
  /// \param direction   orthonormal to within 1e-3; column j is the world direction of axis j
  /// \throws Error kBadVolume if the origin is more than 1e9 mm from zero, a spacing is not within
  ///         1e-6 to 1e6 mm, the direction is not orthonormal, or a value is not finite
  Geometry(const Vec3& origin_mm, const Vec3& spacing_mm, const Matrix3& direction);

  const Vec3& origin_mm() const { return origin_mm_; }
  const Vec3& spacing_mm() const { return spacing_mm_; }
  const Matrix3& direction() const { return direction_; }
  /// Size of a box in mm along the image's columns, rows and slices (x, y, z).
  Vec3 extent_mm(const VoxelBox& box) const {
    return {static_cast<double>(box.last.column - box.first.column + 1) * spacing_mm_[0],
            static_cast<double>(box.last.row - box.first.row + 1) * spacing_mm_[1],
            static_cast<double>(box.last.slice - box.first.slice + 1) * spacing_mm_[2]};
  }
  double voxel_volume_mm3() const { return spacing_mm_[0] * spacing_mm_[1] * spacing_mm_[2]; }

  /// World position of a possibly fractional voxel position, given as (slice, row, column).
  Vec3 to_world(const std::array<double, 3>& slice_row_column) const;
  Vec3 to_world(const VoxelIndex& index) const;

  /// Nearest voxel to a world position, which may lie outside the volume. Halves round to even (in
  /// the default rounding mode).
  /// \throws Error kInvalidArgument if the position is not finite or more than 2^53 voxels away
  VoxelIndex to_index(const Vec3& world_mm, InverseTransform inverse) const;

 private:
  Vec3 origin_mm_;
  Vec3 spacing_mm_;
  Matrix3 direction_;
  Matrix3 inverse_direction_;
};

}  // namespace lungrt
