#include "core/series/keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "core/series/grid.h"
#include "core/series/stack.h"

namespace lungrt::series {
namespace {

constexpr std::size_t kMostPlaces = 8;  // more of them are a tilted gantry, or shifted slices
constexpr std::size_t kMostRuns = 16;   // more of them are numbers without an order

// In the order in which they are believed.
constexpr std::string SliceHeader::* kTexts[] = {
    &SliceHeader::kernel,        &SliceHeader::phase,      &SliceHeader::acquisition,
    &SliceHeader::series_number, &SliceHeader::image_type, &SliceHeader::description};

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Groups of slices on the same line along the normal.
Division by_place(const Headers& headers, const Slices& slices) {
  const Headers own = chosen(headers, slices);
  const Vec3 normal = slice_normal(own.front());
  const Sideways beside = sideways(own, sorted_along(own, normal), normal);
  Division division;
  std::vector<std::array<double, 2>> places;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto& offset = beside.offsets_mm[i];
    const auto same = std::find_if(places.begin(), places.end(), [&](const auto& place) {
      return std::hypot(offset[0] - place[0], offset[1] - place[1]) <= kSidewaysMm;
    });
    const auto group = static_cast<std::size_t>(same - places.begin());
    if (same == places.end()) {
      if (places.size() == kMostPlaces) return {};
      places.push_back(offset);
      division.groups.emplace_back();
    }
    division.groups[group].push_back(slices[i]);
  }
  division.named = true;
  return division;
}

/// The k-th instance at each position, if there is the same number of them at each, and if instance
/// numbers run along every group in order: so scanners number phases and repeated acquisitions.
Division by_instance(const Headers& headers, const Slices& slices) {
  const Headers own = chosen(headers, slices);
  const std::vector<Placed> placed = sorted_along(own, slice_normal(own.front()));
  std::vector<std::vector<std::pair<std::int64_t, std::size_t>>> positions;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const std::optional<std::int64_t> number = whole(own[placed[i].header].instance_number);
    if (!number) return {};
    const bool repeats =
        i > 0 && placed[i].position_mm - placed[i - 1].position_mm <= kSamePositionMm;
    if (!repeats) positions.emplace_back();
    positions.back().emplace_back(*number, slices[placed[i].header]);
  }
  const std::size_t count = positions.front().size();
  Division division;
  division.groups.resize(count);
  std::vector<std::vector<std::int64_t>> numbers(count);
  for (auto& instances : positions) {
    if (instances.size() != count) return {};
    std::sort(instances.begin(), instances.end());
    for (std::size_t k = 0; k < count; ++k) {
      if (k > 0 && instances[k].first == instances[k - 1].first) return {};
      numbers[k].push_back(instances[k].first);
      division.groups[k].push_back(instances[k].second);
    }
  }
  for (std::vector<std::int64_t>& run : numbers) {
    if (run.front() > run.back()) std::reverse(run.begin(), run.end());
    if (!std::is_sorted(run.begin(), run.end())) return {};
  }
  for (Slices& group : division.groups) std::sort(group.begin(), group.end());
  division.named = true;
  return division;
}

/// Runs of instance numbers along the normal: a new run begins where the order of numbers turns
/// back. Two reconstructions whose slices lie between each other are two runs.
Division by_run(const Headers& headers, const Slices& slices) {
  const Headers own = chosen(headers, slices);
  const Vec3 normal = slice_normal(own.front());
  struct Instance {
    std::int64_t number;
    double position_mm;
    std::size_t slice;
  };
  std::vector<Instance> instances;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::optional<std::int64_t> number = whole(own[i].instance_number);
    if (!number) return {};
    instances.push_back({*number, dot(normal, own[i].position_mm), slices[i]});
  }
  std::sort(instances.begin(), instances.end(),
            [](const Instance& a, const Instance& b) { return a.number < b.number; });
  Division division;
  double direction = 0;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    if (i > 0 && instances[i].number == instances[i - 1].number) return {};
    const double step = i == 0 ? 0 : instances[i].position_mm - instances[i - 1].position_mm;
    if (i == 0 || step * direction < 0 || step == 0) {
      if (division.groups.size() == kMostRuns) return {};
      division.groups.emplace_back();
      direction = 0;
    } else {
      direction = step;
    }
    division.groups.back().push_back(instances[i].slice);
  }
  for (Slices& group : division.groups) std::sort(group.begin(), group.end());
  division.named = division.guessed = true;
  return division;
}

}  // namespace

Headers chosen(const Headers& headers, const Slices& slices) {
  Headers result;
  result.reserve(slices.size());
  for (const std::size_t slice : slices) result.push_back(headers[slice]);
  return result;
}

Division divide_by(const Headers& headers, const Slices& slices, std::string SliceHeader::* text) {
  std::map<std::string, Slices> groups;
  for (const std::size_t slice : slices) groups[headers[slice].*text].push_back(slice);
  Division division;
  division.named = groups.count("") == 0;
  division.by_kernel = text == &SliceHeader::kernel;
  for (auto& [value, group] : groups) division.groups.push_back(std::move(group));
  std::sort(division.groups.begin(), division.groups.end());
  return division;
}

std::vector<Division> divisions(const Headers& headers, const Slices& slices) {
  std::vector<Division> found;
  for (const auto text : kTexts) found.push_back(divide_by(headers, slices, text));
  found.push_back(by_place(headers, slices));
  found.push_back(by_instance(headers, slices));
  found.push_back(by_run(headers, slices));
  found.erase(std::remove_if(found.begin(), found.end(),
                             [](const Division& division) { return division.groups.size() < 2; }),
              found.end());
  return found;
}

}  // namespace lungrt::series
