/// Where voxels lie in the patient.
#pragma once

#include <array>
#include <cstdint>

#include "lungrt/export.h"

namespace lungrt {

/// World position or extent (x, y, z) in mm, LPS (towards the patient's left, posterior, superior).
using Vec3 = std::array<double, 3>;

/// Rows of a 3x3 matrix; column j is the world direction of image axis j (columns, rows, slices).
using Matrix3 = std::array<Vec3, 3>;

/// Voxel position in array order: (slice, row, column).
struct VoxelIndex {
  std::int64_t slice = 0;
  std::int64_t row = 0;
  std::int64_t column = 0;
  friend bool operator==(const VoxelIndex& a, const VoxelIndex& b) {
    return a.slice == b.slice && a.row == b.row && a.column == b.column;
  }
};

/// Extent of a volume in array order: (slices, rows, columns).
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

/// A box of voxels, both ends included.
struct VoxelBox {
  VoxelIndex first, last;
  friend bool operator==(const VoxelBox& a, const VoxelBox& b) {
    return a.first == b.first && a.last == b.last;
  }
};

/// How a world position is taken back to a voxel.
enum class InverseTransform {
  /// The book's: `((world - origin) @ inverse(direction)) / spacing`. It inverts `to_world` only
  /// where direction @ direction is the identity; it is kept for parity with the book.
  kBook,
  /// The true inverse of `to_world`.
  kExact,
};

/// Affine map between voxel indices and world positions. Float64 throughout.
class LUNGRT_API Geometry {
 public:
  /// Unit spacing, origin at zero, identity direction.
  Geometry();

  /// \param origin_mm   world position (x, y, z) of voxel (0, 0, 0)
  /// \param spacing_mm  distance between voxel centres along (columns, rows, slices): x, y, z order
  /// \param direction   orthonormal to within 1e-3; column j is the world direction of axis j
  /// \throws Error kBadVolume  when the origin is over 1e9 mm from zero, a spacing is not within
  ///                           1e-6 to 1e6 mm, the direction is not orthonormal, or a value is not
  ///                           finite
  Geometry(const Vec3& origin_mm, const Vec3& spacing_mm, const Matrix3& direction);

  const Vec3& origin_mm() const { return origin_mm_; }
  const Vec3& spacing_mm() const { return spacing_mm_; }
  const Matrix3& direction() const { return direction_; }
  /// Extent of a box along the image's columns, rows and slices (x, y, z).
  Vec3 extent_mm(const VoxelBox& box) const {
    return {static_cast<double>(box.last.column - box.first.column + 1) * spacing_mm_[0],
            static_cast<double>(box.last.row - box.first.row + 1) * spacing_mm_[1],
            static_cast<double>(box.last.slice - box.first.slice + 1) * spacing_mm_[2]};
  }
  double voxel_volume_mm3() const { return spacing_mm_[0] * spacing_mm_[1] * spacing_mm_[2]; }

  /// World position of a (possibly fractional) voxel position, given as (slice, row, column).
  Vec3 to_world(const std::array<double, 3>& slice_row_column) const;
  Vec3 to_world(const VoxelIndex& index) const;

  /// Nearest voxel to a world position; halves round to even (in the rounding mode that every
  /// process starts with). May lie outside of any volume.
  /// \throws Error kInvalidArgument  for a position that is not finite or over 2^53 voxels away
  VoxelIndex to_index(const Vec3& world_mm, InverseTransform inverse) const;

 private:
  Vec3 origin_mm_;
  Vec3 spacing_mm_;
  Matrix3 direction_;
  Matrix3 inverse_direction_;
};

}  // namespace lungrt
