#include "core/series/stack.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace lungrt::series {
namespace {

constexpr double kDegrees = 57.29577951308232;
constexpr double kSteepestDegrees = 45;   // gantries tilt by 30 degrees at most
constexpr std::size_t kFewestTilted = 3;  // two slices lie on a line in any case

/// Slope of one of the offsets over the position, by least squares.
double slope_of(const std::vector<Placed>& placed, const Sideways& beside, std::size_t axis) {
  double mean_position = 0, mean_offset = 0;
  const auto count = static_cast<double>(placed.size());
  for (const Placed& slice : placed) {
    mean_position += (slice.position_mm - placed.front().position_mm) / count;
    mean_offset += beside.offsets_mm[slice.header][axis] / count;
  }
  double products = 0, squares = 0;
  for (const Placed& slice : placed) {
    const double along = slice.position_mm - placed.front().position_mm - mean_position;
    products += along * (beside.offsets_mm[slice.header][axis] - mean_offset);
    squares += along * along;
  }
  return squares > 0 ? products / squares : 0;
}

void detect_tilt(const std::vector<Placed>& placed, Sideways& beside) {
  if (placed.size() < kFewestTilted || beside.most_mm <= kSidewaysMm) return;
  std::array<double, 2> slopes{};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    slopes[axis] = slope_of(placed, beside, axis);
    double lowest = 0, highest = 0;
    for (const Placed& slice : placed) {
      const double rest = beside.offsets_mm[slice.header][axis] -
                          slopes[axis] * (slice.position_mm - placed.front().position_mm);
      lowest = std::min(lowest, rest);
      highest = std::max(highest, rest);
    }
    if (highest - lowest > 2 * kSidewaysMm) return;
  }
  beside.tilt_degrees = std::atan(std::hypot(slopes[0], slopes[1])) * kDegrees;
  beside.tilted = beside.tilt_degrees <= kSteepestDegrees;
}

}  // namespace

double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vec3 row_cosines(const SliceHeader& h) {
  return {h.orientation[0], h.orientation[1], h.orientation[2]};
}

Vec3 column_cosines(const SliceHeader& h) {
  return {h.orientation[3], h.orientation[4], h.orientation[5]};
}

Vec3 slice_normal(const SliceHeader& header) {
  const Vec3 a = row_cosines(header), b = column_cosines(header);
  Vec3 normal{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  const double length = std::sqrt(dot(normal, normal));
  for (double& value : normal) value = value / length + 0.0;  // turns -0 into 0
  return normal;
}

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

Sideways sideways(const Headers& headers, const std::vector<Placed>& placed, const Vec3& normal) {
  const SliceHeader& first = headers[placed.front().header];
  const Vec3 down = column_cosines(first), right = row_cosines(first);
  Sideways beside;
  beside.offsets_mm.resize(headers.size());
  for (const Placed& slice : placed) {
    const double along = slice.position_mm - placed.front().position_mm;
    Vec3 offset;
    for (std::size_t i = 0; i < 3; ++i) {
      offset[i] = headers[slice.header].position_mm[i] - first.position_mm[i] - along * normal[i];
    }
    beside.offsets_mm[slice.header] = {dot(offset, down), dot(offset, right)};
    const double distance = std::sqrt(dot(offset, offset));
    if (distance > beside.most_mm) {
      beside.most_mm = distance;
      beside.farthest = slice.header;
    }
  }
  detect_tilt(placed, beside);
  return beside;
}

bool require_stack(const Headers& headers, const std::vector<Placed>& placed,
                   const Sideways& beside, bool may_straighten) {
  if (beside.most_mm <= kSidewaysMm) return false;
  if (beside.tilted && may_straighten) return true;
  const std::string where =
      "the slices are not stacked along their normal: " + quoted(headers[beside.farthest].name) +
      " lies " + mm(beside.most_mm) + " beside the line through " +
      quoted(headers[placed.front().header].name) + ", expected at most " + mm(kSidewaysMm);
  if (beside.tilted) {
    refuse(headers, where + ". The gantry was tilted by " + text::number(beside.tilt_degrees) +
                        " degrees; straighten the slices (resample=True, --resample)");
  }
  refuse(headers, where +
                      ". Slices are shifted by different amounts, which is no tilt of the "
                      "gantry; " +
                      kRemoveOthers);
}

void straighten(const Headers& headers, const Sideways& beside, SeriesLayout& layout) {
  const SliceHeader& first = headers.front();
  std::array<double, 2> least{}, most{};
  for (const auto& offset : beside.offsets_mm) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      least[axis] = std::min(least[axis], offset[axis]);
      most[axis] = std::max(most[axis], offset[axis]);
    }
  }
  const std::array<std::int64_t, 2> pixels{first.rows, first.columns};
  std::array<std::int64_t, 2> added{};
  layout.shifts.assign(headers.size(), {});
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const double range_mm = most[axis] - least[axis];
    if (range_mm <= kSidewaysMm) {
      least[axis] = 0;  // an axis along which nothing is tilted is not interpolated
      continue;
    }
    const double range = range_mm / first.pixel_spacing_mm[axis];
    if (range > static_cast<double>(pixels[axis])) {
      refuse(headers, "the gantry was tilted by " + text::number(beside.tilt_degrees) +
                          " degrees, which shifts slices by " + mm(range_mm) +
                          ", more than their own size; " + kRemoveOthers);
    }
    added[axis] = static_cast<std::int64_t>(std::ceil(range - 1e-6));
    for (std::size_t i = 0; i < headers.size(); ++i) {
      layout.shifts[i][axis] =
          std::max(0.0, (beside.offsets_mm[i][axis] - least[axis]) / first.pixel_spacing_mm[axis]);
    }
  }
  const Vec3 down = column_cosines(first), right = row_cosines(first);
  Vec3 origin = layout.geometry.origin_mm();
  for (std::size_t i = 0; i < 3; ++i) origin[i] += least[0] * down[i] + least[1] * right[i];
  layout.geometry = {origin, layout.geometry.spacing_mm(), layout.geometry.direction()};
  layout.shape.rows += added[0];
  layout.shape.columns += added[1];
  layout.resampled = true;
  layout.notes.push_back("the gantry was tilted by " + text::number(beside.tilt_degrees) +
                         " degrees: the slices were shifted by up to " + mm(beside.most_mm) +
                         " within their planes, interpolated, and surrounded by air, so that they "
                         "form a straight volume of " +
                         text::extent(layout.shape) + " voxels");
}

}  // namespace lungrt::series
