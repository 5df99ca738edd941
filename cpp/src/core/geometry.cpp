#include "lungrt/geometry.h"

#include <cmath>
#include <string>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

constexpr Matrix3 kIdentity{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

// Far beyond any scanner; within these limits all world positions and extents are finite.
constexpr double kFarthestMm = 1e9, kLeastSpacingMm = 1e-6, kMostSpacingMm = 1e6;

std::string text_of(const Matrix3& matrix) {
  return text::vector3(matrix[0]) + ", " + text::vector3(matrix[1]) + ", " +
         text::vector3(matrix[2]);
}

void require_orthonormal(const Matrix3& direction) {
  constexpr double kTolerance = 1e-3;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      double product = 0;
      for (const Vec3& row : direction) product += row[a] * row[b];
      if (!(std::abs(product - (a == b ? 1.0 : 0.0)) <= kTolerance)) {
        throw Error(ErrorCode::kBadVolume,
                    "the direction with rows " + text_of(direction) +
                        " is not orthonormal: the dot product of columns " + std::to_string(a) +
                        " and " + std::to_string(b) + " is " + text::number(product) +
                        ", expected " + (a == b ? "1" : "0") +
                        " within 0.001; it must not contain shear or spacing");
      }
    }
  }
}

/// Computed from cofactors and the determinant, which is exact if the entries are 0, 1 and -1, as
/// for every scan that is not oblique.
Matrix3 inverse(const Matrix3& m) {
  const auto minor = [&m](std::size_t row, std::size_t column) {
    const std::size_t r1 = (row + 1) % 3, r2 = (row + 2) % 3;
    const std::size_t c1 = (column + 1) % 3, c2 = (column + 2) % 3;
    return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
  };
  const double determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  Matrix3 result;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      result[row][column] = minor(column, row) / determinant;
    }
  }
  return result;
}

/// Rounds half to even, in the default rounding mode.
std::int64_t nearest(double position, const Vec3& world_mm) {
  constexpr double kLast = 9007199254740992.0;  // 2^53: larger doubles skip whole numbers
  if (!(std::abs(position) <= kLast)) {
    throw Error(ErrorCode::kInvalidArgument, "world position " + text::vector3(world_mm) +
                                                 " mm is not finite or too far away for a voxel "
                                                 "index; expected a position near the volume");
  }
  return static_cast<std::int64_t>(std::nearbyint(position));
}

}  // namespace

Geometry::Geometry()
    : origin_mm_{}, spacing_mm_{1, 1, 1}, direction_(kIdentity), inverse_direction_(kIdentity) {}

Geometry::Geometry(const Vec3& origin_mm, const Vec3& spacing_mm, const Matrix3& direction)
    : origin_mm_(origin_mm), spacing_mm_(spacing_mm), direction_(direction) {
  for (const double origin : origin_mm) {
    if (!(std::abs(origin) <= kFarthestMm)) {
      throw Error(ErrorCode::kBadVolume, "the origin is " + text::vector3(origin_mm) +
                                             " mm, expected finite values within " +
                                             text::number(kFarthestMm) + " mm of zero");
    }
  }
  for (const double spacing : spacing_mm) {
    if (!(spacing >= kLeastSpacingMm && spacing <= kMostSpacingMm)) {
      throw Error(ErrorCode::kBadVolume, "the spacing (x, y, z) is " + text::vector3(spacing_mm) +
                                             " mm, expected finite values from " +
                                             text::number(kLeastSpacingMm) + " to " +
                                             text::number(kMostSpacingMm) +
                                             "; flip an axis by its direction, not by a negative "
                                             "spacing");
    }
  }
  require_orthonormal(direction);
  inverse_direction_ = inverse(direction);
}

Vec3 Geometry::to_world(const std::array<double, 3>& slice_row_column) const {
  Vec3 scaled, world;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    scaled[axis] = slice_row_column[2 - axis] * spacing_mm_[axis];
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const Vec3& row = direction_[i];
    world[i] = (row[0] * scaled[0] + row[1] * scaled[1] + row[2] * scaled[2]) + origin_mm_[i];
  }
  return world;
}

Vec3 Geometry::to_world(const VoxelIndex& index) const {
  const std::array<double, 3> position{static_cast<double>(index.slice),
                                       static_cast<double>(index.row),
                                       static_cast<double>(index.column)};
  return to_world(position);
}

VoxelIndex Geometry::to_index(const Vec3& world_mm, InverseTransform inverse) const {
  Vec3 offset, position;
  for (std::size_t i = 0; i < 3; ++i) offset[i] = world_mm[i] - origin_mm_[i];
  const Matrix3& m = inverse_direction_;
  for (std::size_t j = 0; j < 3; ++j) {
    const double along = inverse == InverseTransform::kBook
                             ? offset[0] * m[0][j] + offset[1] * m[1][j] + offset[2] * m[2][j]
                             : m[j][0] * offset[0] + m[j][1] * offset[1] + m[j][2] * offset[2];
    position[j] = along / spacing_mm_[j];
  }
  return {nearest(position[2], world_mm), nearest(position[1], world_mm),
          nearest(position[0], world_mm)};
}

}  // namespace lungrt
