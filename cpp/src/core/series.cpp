#include "lungrt/series.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

constexpr double kSamePositionMm = 0.01;
constexpr double kGapTolerance = 0.01;  // of the median gap
constexpr double kSidewaysMm = 0.1;     // of any slice, beside the line through the first
constexpr double kOrientationTolerance = 1e-4;
constexpr double kOrthonormalTolerance = 1e-3;
constexpr double kPixelSpacingTolerance = 1e-4;  // relative
constexpr double kFarthestMm = 1e9;  // as in Geometry: keeps sums and differences finite

// What to do about slices.
constexpr const char* kCopyAgain = "the files are probably damaged; copy or download them again";
constexpr const char* kRemoveOthers = "remove the slices that do not belong to the scan";

using Headers = std::vector<SliceHeader>;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

std::string mm(double value) { return text::number(value) + " mm"; }

[[noreturn]] void refuse(const Headers& headers, const std::string& problem) {
  throw Error(ErrorCode::kBadVolume, "series " + headers.front().series_uid + ": " + problem);
}

/// Names of the slices for which a condition holds.
std::vector<std::string> names_where(const Headers& headers,
                                     const std::function<bool(const SliceHeader&)>& holds) {
  std::vector<std::string> names;
  for (const SliceHeader& header : headers) {
    if (holds(header)) names.push_back(quoted(header.name));
  }
  return names;
}

/// Refuses the series if a condition holds for any slice.
void refuse_where(const Headers& headers, const std::function<bool(const SliceHeader&)>& holds,
                  const std::string& problem, const std::string& remedy) {
  const std::vector<std::string> names = names_where(headers, holds);
  if (!names.empty()) refuse(headers, problem + ": " + text::listed(names, ", ") + "; " + remedy);
}

template <std::size_t N>
bool all_finite(const std::array<double, N>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vec3 row_cosines(const SliceHeader& h) {
  return {h.orientation[0], h.orientation[1], h.orientation[2]};
}

Vec3 column_cosines(const SliceHeader& h) {
  return {h.orientation[3], h.orientation[4], h.orientation[5]};
}

/// Unit normal of a slice. Adding zero turns -0 into 0.
Vec3 slice_normal(const SliceHeader& header) {
  const Vec3 a = row_cosines(header), b = column_cosines(header);
  Vec3 normal{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  const double length = std::sqrt(dot(normal, normal));
  for (double& value : normal) value = value / length + 0.0;
  return normal;
}

bool orthonormal(const SliceHeader& header) {
  const Vec3 a = row_cosines(header), b = column_cosines(header);
  return std::abs(dot(a, a) - 1) <= kOrthonormalTolerance &&
         std::abs(dot(b, b) - 1) <= kOrthonormalTolerance &&
         std::abs(dot(a, b)) <= kOrthonormalTolerance;
}

void require_one_series(const Headers& headers) {
  std::map<std::string, std::size_t> slices;
  for (const SliceHeader& header : headers) ++slices[header.series_uid];
  if (slices.size() == 1) return;
  std::vector<std::string> found;
  for (const auto& [uid, count] : slices) {
    found.push_back(uid + " (" + text::counted(static_cast<std::int64_t>(count), "slice") + ")");
  }
  throw Error(ErrorCode::kBadVolume, "the slices belong to " + std::to_string(slices.size()) +
                                         " series, expected one: " + text::listed(found, ", ") +
                                         "; choose one of them");
}

/// Checks the header of each slice, and that they agree.
void require_uniform_headers(const Headers& headers) {
  const SliceHeader& first = headers.front();
  const auto other_modality = [](const SliceHeader& h) { return h.modality != "CT"; };
  if (const auto odd = std::find_if(headers.begin(), headers.end(), other_modality);
      odd != headers.end()) {
    refuse_where(headers, other_modality, "modality " + quoted(odd->modality) + " instead of CT",
                 "choose a series of CT slices");
  }
  refuse_where(
      headers, [](const SliceHeader& h) { return h.localizer; }, "localizer",
      "a localizer is not part of a volume: choose the series of axial slices, or remove these "
      "files");
  refuse_where(
      headers, [](const SliceHeader& h) { return h.rows < 1 || h.columns < 1; },
      "image without rows or columns", "remove these files");
  refuse_where(
      headers,
      [&](const SliceHeader& h) { return h.rows != first.rows || h.columns != first.columns; },
      "slices differ in size from the " + std::to_string(first.rows) + " x " +
          std::to_string(first.columns) + " (rows x columns) of " + quoted(first.name),
      kRemoveOthers);
  refuse_where(
      headers,
      [](const SliceHeader& h) { return !all_finite(h.position_mm) || !all_finite(h.orientation); },
      "position or orientation is not finite", kCopyAgain);
  refuse_where(
      headers,
      [](const SliceHeader& h) {
        return std::any_of(h.position_mm.begin(), h.position_mm.end(),
                           [](double value) { return std::abs(value) > kFarthestMm; });
      },
      "position is more than " + mm(kFarthestMm) + " from zero", kCopyAgain);
  refuse_where(
      headers, [](const SliceHeader& h) { return !orthonormal(h); },
      "orientation is not two perpendicular unit vectors", kCopyAgain);
  refuse_where(
      headers,
      [&](const SliceHeader& h) {
        for (std::size_t i = 0; i < 6; ++i) {
          if (std::abs(h.orientation[i] - first.orientation[i]) > kOrientationTolerance)
            return true;
        }
        return false;
      },
      "slices are not parallel to " + quoted(first.name), kRemoveOthers);
  refuse_where(
      headers,
      [](const SliceHeader& h) {
        return !all_finite(h.pixel_spacing_mm) || h.pixel_spacing_mm[0] <= 0 ||
               h.pixel_spacing_mm[1] <= 0;
      },
      "pixel spacing is not positive", kCopyAgain);
  refuse_where(
      headers,
      [&](const SliceHeader& h) {
        for (std::size_t i = 0; i < 2; ++i) {
          const double expected = first.pixel_spacing_mm[i];
          if (std::abs(h.pixel_spacing_mm[i] - expected) > kPixelSpacingTolerance * expected) {
            return true;
          }
        }
        return false;
      },
      "slices differ in pixel spacing from the " + mm(first.pixel_spacing_mm[0]) + " and " +
          mm(first.pixel_spacing_mm[1]) + " of " + quoted(first.name),
      kRemoveOthers);
}

/// A slice and its position along the normal.
struct Placed {
  std::size_t header;
  double position_mm;
};

std::vector<Placed> sorted_along(const Headers& headers, const Vec3& normal) {
  std::vector<Placed> placed;
  placed.reserve(headers.size());
  for (std::size_t i = 0; i < headers.size(); ++i) {
    placed.push_back({i, dot(normal, headers[i].position_mm)});
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.position_mm < b.position_mm; });
  return placed;
}

void require_stack_along_normal(const Headers& headers, const std::vector<Placed>& placed,
                                const Vec3& normal) {
  const SliceHeader& first = headers[placed.front().header];
  double most_mm = 0, along_mm = 0;
  const SliceHeader* farthest = nullptr;
  for (const Placed& slice : placed) {
    const SliceHeader& header = headers[slice.header];
    const double along = slice.position_mm - placed.front().position_mm;
    Vec3 sideways;
    for (std::size_t i = 0; i < 3; ++i) {
      sideways[i] = header.position_mm[i] - first.position_mm[i] - along * normal[i];
    }
    const double distance = std::sqrt(dot(sideways, sideways));
    if (distance > most_mm) {
      most_mm = distance;
      along_mm = along;
      farthest = &header;
    }
  }
  if (farthest == nullptr || most_mm <= kSidewaysMm) return;
  constexpr double kDegrees = 57.29577951308232;
  refuse(headers, "the slices are not stacked along their normal: " + quoted(farthest->name) +
                      " lies " + mm(most_mm) + " beside the line through " + quoted(first.name) +
                      " (the gantry was tilted by " +
                      text::number(std::atan2(most_mm, along_mm) * kDegrees) +
                      " degrees, or slices are shifted), expected at most " + mm(kSidewaysMm) +
                      "; resample the scan to a straight volume with another tool first");
}

/// First slice of each position; `repeated` receives a line for each other slice.
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

double gap_tolerance(double median_mm) {
  return std::max(kSamePositionMm, kGapTolerance * median_mm);
}

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

Geometry geometry_of(const SliceHeader& lowest, const Vec3& normal, double gap_mm) {
  const Vec3 a = row_cosines(lowest), b = column_cosines(lowest);
  Matrix3 direction;
  for (std::size_t i = 0; i < 3; ++i) direction[i] = {a[i] + 0.0, b[i] + 0.0, normal[i]};
  return {lowest.position_mm,
          {lowest.pixel_spacing_mm[1], lowest.pixel_spacing_mm[0], gap_mm},
          direction};
}

/// Slices at all multiples of the gap, from the lowest to the highest position.
std::vector<SliceBlend> regular_grid(const Headers& headers, const std::vector<Placed>& placed,
                                     double gap_mm) {
  const double tolerance_mm = gap_tolerance(gap_mm);
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
    }
  }
  return slices;
}

}  // namespace

SeriesLayout plan_series(const std::vector<SliceHeader>& headers, bool resample) {
  if (headers.empty()) {
    throw Error(ErrorCode::kBadVolume, "no slices: expected the DICOM files of one CT series");
  }
  require_one_series(headers);
  require_uniform_headers(headers);

  const Vec3 normal = slice_normal(headers.front());
  std::vector<Placed> placed = sorted_along(headers, normal);
  require_stack_along_normal(headers, placed, normal);

  std::vector<std::string> problems;
  placed = distinct_positions(headers, placed, problems);
  const std::size_t repeated = problems.size();
  if (placed.size() < 2) {
    const std::string found =
        headers.size() == 1 ? "only one slice, " : "all slices lie at the position of ";
    refuse(headers, found + quoted(headers[placed.front().header].name) +
                        ", so the spacing between slices is unknown; expected at least two "
                        "positions");
  }
  const double median_mm = lower_median(gaps_between(placed));
  const std::vector<std::string> gaps = irregular_gaps(headers, placed, median_mm);
  problems.insert(problems.end(), gaps.begin(), gaps.end());

  if (!problems.empty() && !resample) {
    refuse(headers, "the slices are not evenly spaced by " + mm(median_mm) + ": " +
                        text::listed(problems, "; ") +
                        ". Add the missing slices and remove the duplicates, or resample the "
                        "series onto a regular grid (resample=True, --resample)");
  }

  SeriesLayout layout;
  layout.series_uid = headers.front().series_uid;
  double gap_mm = median_mm;
  if (gaps.empty()) {
    gap_mm = (placed.back().position_mm - placed.front().position_mm) /
             static_cast<double>(placed.size() - 1);
    for (const Placed& slice : placed) layout.slices.push_back({slice.header, slice.header, 0.0});
  } else {
    layout.slices = regular_grid(headers, placed, gap_mm);
    const auto blended = std::count_if(layout.slices.begin(), layout.slices.end(),
                                       [](const SliceBlend& blend) { return blend.weight > 0; });
    const double covered_mm = gap_mm * static_cast<double>(layout.slices.size() - 1);
    const double beyond_mm = placed.back().position_mm - placed.front().position_mm - covered_mm;
    layout.notes.push_back(
        "resampled to " + text::counted(static_cast<std::int64_t>(layout.slices.size()), "slice") +
        " every " + mm(gap_mm) + ", " + text::grouped(blended) +
        " of them interpolated: " + text::listed(gaps, "; ") +
        (beyond_mm > gap_tolerance(gap_mm) ? "; the last " + mm(beyond_mm) + " were left out"
                                           : ""));
  }
  if (repeated > 0) {
    layout.notes.push_back(
        text::counted(static_cast<std::int64_t>(repeated), "slice") + " at repeated positions " +
        (repeated == 1 ? "was" : "were") + " dropped: " +
        text::listed({problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(repeated)},
                     "; "));
  }
  layout.resampled = !problems.empty();
  layout.geometry = geometry_of(headers[placed.front().header], normal, gap_mm);
  layout.shape = {static_cast<std::int64_t>(layout.slices.size()), headers.front().rows,
                  headers.front().columns};
  return layout;
}

}  // namespace lungrt
