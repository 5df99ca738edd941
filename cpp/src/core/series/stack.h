/// Parallel slices along their normal: their order, and whether they stand straight above each
/// other.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "core/series/checks.h"
#include "lungrt/geometry.h"

namespace lungrt::series {

inline constexpr double kSidewaysMm = 0.1;  // of any slice, beside the line through the first

double dot(const Vec3& a, const Vec3& b);
Vec3 row_cosines(const SliceHeader& header);
Vec3 column_cosines(const SliceHeader& header);
/// Unit normal of a slice.
Vec3 slice_normal(const SliceHeader& header);

/// A slice and its position along the normal.
struct Placed {
  std::size_t header;
  double position_mm;
};

/// The slices by ascending position along the normal.
std::vector<Placed> sorted_along(const Headers& headers, const Vec3& normal);

/// Where slices lie beside the line along the normal through the lowest slice.
struct Sideways {
  /// Of each header, in mm along its columns and along its rows, from the line.
  std::vector<std::array<double, 2>> offsets_mm;
  double most_mm = 0;        ///< largest distance from the line
  std::size_t farthest = 0;  ///< header of that slice
  bool tilted = false;       ///< whether the offsets grow in proportion to the position
  double tilt_degrees = 0;   ///< angle between the normal and the way of the table
};

Sideways sideways(const Headers& headers, const std::vector<Placed>& placed, const Vec3& normal);

/// Refuses slices that do not stand straight above each other.
/// \param may_straighten  whether slices of a tilted gantry are accepted
/// \return whether they are accepted and need straightening
/// \throws Error kBadVolume
bool require_stack(const Headers& headers, const std::vector<Placed>& placed,
                   const Sideways& beside, bool may_straighten);

/// Enlarges a layout of the slices' own size so that tilted slices are straight in it: sets the
/// shifts, rows, columns, origin and a note.
/// \throws Error kBadVolume  if it would be more than twice as large along an axis
void straighten(const Headers& headers, const Sideways& beside, SeriesLayout& layout);

}  // namespace lungrt::series
