#include "core/series/checks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "core/series/stack.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt::series {
namespace {

constexpr double kOrientationTolerance = 1e-4;
constexpr double kOrthonormalTolerance = 1e-3;
constexpr double kPixelSpacingTolerance = 1e-4;  // relative
constexpr std::int64_t kMostPixels = 65535;      // DICOM has 16 bits for them
constexpr double kFarthestMm = 1e9;  // as in Geometry: keeps sums and differences finite

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

bool orthonormal(const SliceHeader& header) {
  const Vec3 a = row_cosines(header), b = column_cosines(header);
  return std::abs(dot(a, a) - 1) <= kOrthonormalTolerance &&
         std::abs(dot(b, b) - 1) <= kOrthonormalTolerance &&
         std::abs(dot(a, b)) <= kOrthonormalTolerance;
}

/// Number of slices of each value that a text of the header has.
std::map<std::string, std::size_t> count_values(const Headers& headers,
                                                std::string SliceHeader::* text) {
  std::map<std::string, std::size_t> slices;
  for (const SliceHeader& header : headers) ++slices[header.*text];
  return slices;
}

std::string listed_counts(const std::map<std::string, std::size_t>& slices) {
  std::vector<std::string> found;
  for (const auto& [value, count] : slices) {
    found.push_back(value + " (" + text::counted(static_cast<std::int64_t>(count), "slice") + ")");
  }
  return text::listed(found, ", ");
}

}  // namespace

std::string quoted(const std::string& name) { return "'" + name + "'"; }

std::string mm(double value) { return text::number(value) + " mm"; }

void refuse(const Headers& headers, const std::string& problem) {
  throw Error(ErrorCode::kBadVolume, "series " + headers.front().series_uid + ": " + problem);
}

std::vector<std::string> names_where(const Headers& headers,
                                     const std::function<bool(const SliceHeader&)>& holds) {
  std::vector<std::string> names;
  for (const SliceHeader& header : headers) {
    if (holds(header)) names.push_back(quoted(header.name));
  }
  return names;
}

void require_one_series(const Headers& headers) {
  if (headers.empty()) {
    throw Error(ErrorCode::kBadVolume, "no slices: expected the DICOM files of one CT series");
  }
  const std::map<std::string, std::size_t> series = count_values(headers, &SliceHeader::series_uid);
  if (series.size() > 1) {
    throw Error(ErrorCode::kBadVolume, "the slices belong to " + std::to_string(series.size()) +
                                           " series, expected one: " + listed_counts(series) +
                                           "; choose one of them");
  }
  std::map<std::string, std::size_t> patients = count_values(headers, &SliceHeader::patient_id);
  patients.erase("");  // files that do not say whose they are
  if (patients.size() > 1) {
    refuse(headers, "the slices are of " + std::to_string(patients.size()) +
                        " patients, expected one: " + listed_counts(patients) +
                        "; put the files of each patient into a folder of its own");
  }
}

void require_valid_headers(const Headers& headers) {
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
      headers, [](const SliceHeader& h) { return std::max(h.rows, h.columns) > kMostPixels; },
      "image with more than " + std::to_string(kMostPixels) + " rows or columns", kCopyAgain);
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
      [](const SliceHeader& h) {
        return !all_finite(h.pixel_spacing_mm) || h.pixel_spacing_mm[0] <= 0 ||
               h.pixel_spacing_mm[1] <= 0;
      },
      "pixel spacing is not positive", kCopyAgain);
}

void require_uniform_headers(const Headers& headers) {
  const SliceHeader& first = headers.front();
  refuse_where(
      headers, [&](const SliceHeader& h) { return !same_size(h, first); },
      "slices differ in size from the " + std::to_string(first.rows) + " x " +
          std::to_string(first.columns) + " (rows x columns) of " + quoted(first.name),
      kRemoveOthers);
  refuse_where(
      headers, [&](const SliceHeader& h) { return !parallel(h, first); },
      "slices are not parallel to " + quoted(first.name), kRemoveOthers);
  refuse_where(
      headers, [&](const SliceHeader& h) { return !same_pixel_spacing(h, first); },
      "slices differ in pixel spacing from the " + mm(first.pixel_spacing_mm[0]) + " and " +
          mm(first.pixel_spacing_mm[1]) + " of " + quoted(first.name),
      kRemoveOthers);
}

bool same_size(const SliceHeader& a, const SliceHeader& b) {
  return a.rows == b.rows && a.columns == b.columns;
}

bool parallel(const SliceHeader& a, const SliceHeader& b) {
  for (std::size_t i = 0; i < 6; ++i) {
    if (std::abs(a.orientation[i] - b.orientation[i]) > kOrientationTolerance) return false;
  }
  return true;
}

bool same_pixel_spacing(const SliceHeader& slice, const SliceHeader& first) {
  for (std::size_t i = 0; i < 2; ++i) {
    const double expected = first.pixel_spacing_mm[i];
    if (std::abs(slice.pixel_spacing_mm[i] - expected) > kPixelSpacingTolerance * expected) {
      return false;
    }
  }
  return true;
}

}  // namespace lungrt::series
