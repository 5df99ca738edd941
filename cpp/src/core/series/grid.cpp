#include "core/series/grid.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/text.h"

namespace lungrt::series {
namespace {

constexpr double kGapTolerance = 0.01;  // of the median gap
// Rounding of at most this share of the gap cannot hide a missing slice: positions around one lie
// farther from any grid, by at least 0.24 of its gap, and for three slices by 0.17.
constexpr double kSafeRounding = 0.2;
constexpr double kSafeRoundingOfThree = 0.15;
constexpr std::size_t kFewestOfEachGap = 3;  // above it: a missing slice makes one long gap

std::vector<double> gaps_between(const std::vector<Placed>& placed) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < placed.size(); ++i) {
    gaps.push_back(placed[i].position_mm - placed[i - 1].position_mm);
  }
  return gaps;
}

/// The median; of two middle values the smaller one, because missing slices make gaps larger.
double lower_median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double gap_tolerance(double gap_mm) { return std::max(kSamePositionMm, kGapTolerance * gap_mm); }

/// A line for each gap that differs from the median gap.
std::vector<std::string> irregular_gaps(const Headers& headers, const std::vector<Placed>& placed,
                                        double median_mm) {
  const double tolerance_mm = gap_tolerance(median_mm);
  const std::vector<double> gaps = gaps_between(placed);
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    if (std::abs(gaps[i] - median_mm) <= tolerance_mm) continue;
    const std::string where = "between " + quoted(headers[placed[i].header].name) + " and " +
                              quoted(headers[placed[i + 1].header].name);
    const double multiple = std::nearbyint(gaps[i] / median_mm);
    if (multiple >= 2 && std::abs(gaps[i] - multiple * median_mm) <= multiple * tolerance_mm) {
      const double missing = multiple - 1;
      problems.push_back(text::number(missing) + (missing == 1 ? " slice" : " slices") +
                         " missing " + where);
    } else {
      problems.push_back(mm(gaps[i]) + " " + where);
    }
  }
  return problems;
}

/// How far rounding moves a position along the normal at most; the files of a series may be written
/// without trailing zeros, so the one with most digits counts.
double rounding_along(const Headers& headers, const Vec3& normal) {
  double rounding = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double unit = 0;
    for (const SliceHeader& header : headers) {
      const double given = header.position_unit_mm[axis];
      if (!(given > 0) || !std::isfinite(given)) {
        unit = 0;
        break;
      }
      unit = unit == 0 ? given : std::min(unit, given);
    }
    rounding += std::abs(normal[axis]) * unit / 2;
  }
  return rounding;
}

/// The grid that fits the positions best, by least squares over their index.
Grid least_squares(const std::vector<Placed>& placed) {
  const auto count = static_cast<double>(placed.size());
  const double start = placed.front().position_mm;
  double mean = 0;
  for (const Placed& slice : placed) mean += (slice.position_mm - start) / count;
  const double middle = (count - 1) / 2;
  double products = 0, squares = 0;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const double along = static_cast<double>(i) - middle;
    products += along * (placed[i].position_mm - start - mean);
    squares += along * along;
  }
  Grid grid;
  grid.gap_mm = products / squares;
  grid.first_mm = start + mean - middle * grid.gap_mm;
  return grid;
}

/// Half of the range in which positions lie beside a grid with some gap.
double half_range(const std::vector<Placed>& placed, double gap_mm) {
  double least = 0, most = 0;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const double rest =
        placed[i].position_mm - placed.front().position_mm - static_cast<double>(i) * gap_mm;
    least = std::min(least, rest);
    most = std::max(most, rest);
  }
  return (most - least) / 2;
}

/// Whether some grid lies within a distance of all positions. The range is a convex function of the
/// gap, so its minimum is found by narrowing an interval around the gap of least squares.
bool some_grid_within(const std::vector<Placed>& placed, double gap_mm, double most_mm) {
  const double enough = most_mm * (1 + 1e-6) + 1e-9;
  double low = gap_mm - 2 * most_mm, high = gap_mm + 2 * most_mm;
  for (int step = 0; step < 60; ++step) {
    const double left = low + (high - low) / 3, right = high - (high - low) / 3;
    const double at_left = half_range(placed, left), at_right = half_range(placed, right);
    if (std::min(at_left, at_right) <= enough) return true;
    (at_left < at_right ? high : low) = at_left < at_right ? right : left;
  }
  return false;
}

/// Whether short and long gaps take turns, as rounding makes them, and missing slices do not.
bool gaps_take_turns(const std::vector<Placed>& placed, double gap_mm) {
  std::size_t shorter = 0, longer = 0;
  for (const double gap : gaps_between(placed)) ++(gap < gap_mm ? shorter : longer);
  return shorter >= kFewestOfEachGap && longer >= kFewestOfEachGap;
}

}  // namespace

std::vector<Placed> distinct_positions(const Headers& headers, const std::vector<Placed>& placed,
                                       std::vector<std::string>& repeated) {
  std::vector<Placed> distinct;
  for (const Placed& slice : placed) {
    if (!distinct.empty() && slice.position_mm - distinct.back().position_mm <= kSamePositionMm) {
      repeated.push_back(quoted(headers[slice.header].name) + " repeats the position of " +
                         quoted(headers[distinct.back().header].name));
    } else {
      distinct.push_back(slice);
    }
  }
  return distinct;
}

Grid fit_grid(const Headers& headers, const std::vector<Placed>& placed, const Vec3& normal) {
  Grid grid;
  grid.first_mm = placed.front().position_mm;
  const double median_mm = lower_median(gaps_between(placed));
  grid.problems = irregular_gaps(headers, placed, median_mm);
  if (grid.problems.empty()) {
    grid.gap_mm = (placed.back().position_mm - placed.front().position_mm) /
                  static_cast<double>(placed.size() - 1);
    return grid;
  }
  grid.gap_mm = median_mm;
  Grid fitted = least_squares(placed);
  fitted.rounding_mm = grid.rounding_mm = rounding_along(headers, normal);
  fitted.fitted = true;
  const double safe = placed.size() == 3 ? kSafeRoundingOfThree : kSafeRounding;
  const bool plausible = fitted.rounding_mm > 0 && (fitted.rounding_mm <= safe * fitted.gap_mm ||
                                                    gaps_take_turns(placed, fitted.gap_mm));
  const bool explained = plausible && some_grid_within(placed, fitted.gap_mm, fitted.rounding_mm);
  return explained ? fitted : grid;
}

std::string rounding_note(const Grid& grid) {
  return "the gaps between slices differ only by the rounding of their positions, to " +
         mm(2 * grid.rounding_mm) + "; they were taken as " + mm(grid.gap_mm) +
         ", which fits all positions best";
}

Geometry geometry_of(const SliceHeader& lowest, const Vec3& normal, const Grid& grid) {
  const Vec3 a = row_cosines(lowest), b = column_cosines(lowest);
  Matrix3 direction;
  for (std::size_t i = 0; i < 3; ++i) direction[i] = {a[i] + 0.0, b[i] + 0.0, normal[i]};
  Vec3 origin = lowest.position_mm;
  if (grid.fitted) {
    const double moved_mm = grid.first_mm - dot(normal, lowest.position_mm);
    for (std::size_t i = 0; i < 3; ++i) origin[i] += moved_mm * normal[i];
  }
  return {origin, {lowest.pixel_spacing_mm[1], lowest.pixel_spacing_mm[0], grid.gap_mm}, direction};
}

std::vector<SliceBlend> resampled_slices(const Headers& headers, const std::vector<Placed>& placed,
                                         const Grid& grid, std::vector<std::string>& notes) {
  const double gap_mm = grid.gap_mm, tolerance_mm = gap_tolerance(gap_mm);
  const double first = placed.front().position_mm;
  const double intervals = std::floor((placed.back().position_mm - first + tolerance_mm) / gap_mm);
  // Otherwise most of the volume would be interpolated.
  const double most = 2.0 * static_cast<double>(placed.size());
  if (intervals + 1 > most) {
    refuse(headers, "resampling at the median gap of " + mm(gap_mm) + " would turn " +
                        std::to_string(placed.size()) + " slices into " +
                        text::number(intervals + 1) + ", expected at most twice as many; " +
                        kRemoveOthers);
  }
  std::vector<SliceBlend> slices;
  std::int64_t blended = 0;
  std::size_t lower = 0;  // last slice at or below the position
  for (std::int64_t k = 0; k <= static_cast<std::int64_t>(intervals); ++k) {
    const double position = first + static_cast<double>(k) * gap_mm;
    while (lower + 1 < placed.size() && placed[lower + 1].position_mm <= position) ++lower;
    const std::size_t upper = std::min(lower + 1, placed.size() - 1);
    const double below = position - placed[lower].position_mm;
    const double above = placed[upper].position_mm - position;
    if (below <= tolerance_mm || upper == lower) {
      slices.push_back({placed[lower].header, placed[lower].header, 0.0});
    } else if (above <= tolerance_mm) {
      slices.push_back({placed[upper].header, placed[upper].header, 0.0});
    } else {
      slices.push_back({placed[lower].header, placed[upper].header, below / (below + above)});
      ++blended;
    }
  }
  const double covered_mm = gap_mm * static_cast<double>(slices.size() - 1);
  const double beyond_mm = placed.back().position_mm - first - covered_mm;
  notes.push_back(
      "resampled to " + text::counted(static_cast<std::int64_t>(slices.size()), "slice") +
      " every " + mm(gap_mm) + ", " + text::grouped(blended) +
      " of them interpolated: " + text::listed(grid.problems, "; ") +
      (beyond_mm > tolerance_mm ? "; the last " + mm(beyond_mm) + " were left out" : ""));
  return slices;
}

}  // namespace lungrt::series
