/// Gaps between slices: repeated positions, the regular grid, and resampling onto it.
#pragma once

#include <string>
#include <vector>

#include "core/series/stack.h"

namespace lungrt::series {

inline constexpr double kSamePositionMm = 0.01;

/// First slice of each position; `repeated` receives a line for each other slice.
std::vector<Placed> distinct_positions(const Headers& headers, const std::vector<Placed>& placed,
                                       std::vector<std::string>& repeated);

/// Positions of slices at a constant distance.
struct Grid {
  double first_mm = 0;  ///< position along the normal of the first slice
  double gap_mm = 0;
  std::vector<std::string> problems;  ///< a line for each gap that differs from the median gap
  bool fitted = false;                ///< whether gaps differ only by the rounding of the positions
  double rounding_mm = 0;  ///< how far a position may lie from what was written, if it is known
};

/// Grid of at least two slices at distinct positions.
Grid fit_grid(const Headers& headers, const std::vector<Placed>& placed, const Vec3& normal);

/// What was assumed about positions that are on a grid only within their rounding.
std::string rounding_note(const Grid& grid);

/// Geometry of a volume whose first slice has a position along the normal.
Geometry geometry_of(const SliceHeader& lowest, const Vec3& normal, const Grid& grid);

/// Interpolates slices at all multiples of the gap, from the lowest to the highest position.
/// \param notes  receives what was done
/// \throws Error kBadVolume  if most of the volume would be interpolated
std::vector<SliceBlend> resampled_slices(const Headers& headers, const std::vector<Placed>& placed,
                                         const Grid& grid, std::vector<std::string>& notes);

}  // namespace lungrt::series
