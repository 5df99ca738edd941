#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/series/checks.h"
#include "core/series/grid.h"
#include "core/series/keys.h"
#include "core/series/stack.h"
#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/series.h"

namespace lungrt {
namespace {

using namespace series;

constexpr std::size_t kFewestOfAStack = 3;    // fewer slices are regular by chance
constexpr std::size_t kMostInSuccession = 8;  // more are the turns of a scanner, not scans
constexpr double kMissingGaps = 4;            // a larger gap is where another scan begins

/// How slices stand along their normal.
struct Standing {
  std::size_t problems = 0;  ///< repeated positions, irregular gaps, slices beside the others
  std::size_t positions = 0;
  double first_mm = 0, last_mm = 0, gap_mm = 0;

  bool is_stack() const { return positions >= kFewestOfAStack; }
};

Standing standing_of(const Headers& headers, const Slices& slices) {
  const Headers own = chosen(headers, slices);
  const Vec3 normal = slice_normal(own.front());
  const std::vector<Placed> placed = sorted_along(own, normal);
  std::vector<std::string> repeated;
  const std::vector<Placed> distinct = distinct_positions(own, placed, repeated);
  Standing standing;
  standing.positions = distinct.size();
  standing.first_mm = distinct.front().position_mm;
  standing.last_mm = distinct.back().position_mm;
  if (distinct.size() < 2) {  // no volume, however often its slices repeat each other
    standing.problems = 1;
    return standing;
  }
  const Sideways beside = sideways(own, placed, normal);
  const Grid grid = fit_grid(own, distinct, normal);
  standing.gap_mm = grid.gap_mm;
  standing.problems = repeated.size() + grid.problems.size() +
                      (beside.most_mm > kSidewaysMm && !beside.tilted ? 1 : 0);
  return standing;
}

/// Whether any two groups share a part of the normal.
bool overlap(std::vector<Standing> groups) {
  std::sort(groups.begin(), groups.end(),
            [](const Standing& a, const Standing& b) { return a.first_mm < b.first_mm; });
  double reached = -std::numeric_limits<double>::infinity();
  for (const Standing& group : groups) {
    if (group.first_mm <= reached + kSamePositionMm) return true;
    reached = std::max(reached, group.last_mm);
  }
  return false;
}

/// Whether groups that follow one another are scans of their own: few, long and far apart, or with
/// another spacing. Otherwise one scan lacks slices where the groups meet.
bool separate(std::vector<Standing> groups) {
  if (groups.size() > kMostInSuccession) return false;
  std::sort(groups.begin(), groups.end(),
            [](const Standing& a, const Standing& b) { return a.first_mm < b.first_mm; });
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!groups[i].is_stack()) return false;
    if (i == 0) continue;
    const double smaller = std::min(groups[i].gap_mm, groups[i - 1].gap_mm);
    const double larger = std::max(groups[i].gap_mm, groups[i - 1].gap_mm);
    const bool far = groups[i].first_mm - groups[i - 1].last_mm > kMissingGaps * larger;
    if (!far && larger - smaller <= std::max(kSamePositionMm, 0.01 * larger)) return false;
  }
  return true;
}

/// Whether groups are parts rather than one volume of which something varies.
bool are_parts(const Standing& whole, const Division& division,
               const std::vector<Standing>& groups) {
  std::size_t problems = 0, stacks = 0;
  for (const Standing& group : groups) {
    problems += group.problems;
    stacks += group.is_stack() ? 1 : 0;
  }
  if (stacks == 0) return false;
  const bool within_each_other = overlap(groups);
  const bool all_named_stacks = division.named && stacks == groups.size();
  if (division.guessed && (problems > 0 || !all_named_stacks)) return false;
  if (whole.problems == 0) {
    // A regular volume is two only if each of them is regular as well, and has a name.
    return problems == 0 && all_named_stacks && (within_each_other || division.by_kernel);
  }
  if (!within_each_other) return problems < whole.problems && separate(groups);
  if (problems < whole.problems) return true;
  // Slices missing in several parts at one place are a single irregular gap of the whole.
  if (all_named_stacks) return problems <= 2 * whole.problems;
  return problems == whole.problems && stacks == 1;  // single images among the slices of a volume
}

/// Parts of parallel slices of one size and frame of reference.
void split_stack(const Headers& headers, const Slices& slices, std::vector<Slices>& parts) {
  const Standing whole = standing_of(headers, slices);
  const Division* best = nullptr;
  std::size_t fewest = 0;
  const std::vector<Division> ways = divisions(headers, slices);
  for (const Division& division : ways) {
    std::vector<Standing> groups;
    std::size_t problems = 0;
    for (const Slices& group : division.groups) {
      groups.push_back(standing_of(headers, group));
      problems += groups.back().problems;
    }
    if (!are_parts(whole, division, groups)) continue;
    if (best != nullptr && problems >= fewest) continue;
    best = &division;
    fewest = problems;
  }
  if (best == nullptr) {
    parts.push_back(slices);
    return;
  }
  for (const Slices& group : best->groups) split_stack(headers, group, parts);
}

/// Groups of slices of the same orientation, size and pixel spacing.
std::vector<Slices> uniform_groups(const Headers& headers, const Slices& slices) {
  std::vector<Slices> groups;
  for (const std::size_t slice : slices) {
    const SliceHeader& header = headers[slice];
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const Slices& group) {
      const SliceHeader& first = headers[group.front()];
      return same_size(header, first) && parallel(header, first) &&
             same_pixel_spacing(header, first);
    });
    if (same == groups.end()) {
      groups.push_back({slice});
    } else {
      same->push_back(slice);
    }
  }
  return groups;
}

/// Divides by frame of reference, unless each slice (or each position) has a frame of its own.
std::vector<Slices> frame_groups(const Headers& headers, const Slices& slices,
                                 std::vector<std::string>& notes) {
  std::vector<Slices> groups = divide_by(headers, slices, &SliceHeader::frame_of_reference).groups;
  // A slice that does not name its frame says nothing against the only one that is named.
  const bool one_named =
      groups.size() == 2 && (headers[groups[0].front()].frame_of_reference.empty() ||
                             headers[groups[1].front()].frame_of_reference.empty());
  if (groups.size() < 2 || one_named) return {slices};
  const bool one_each = std::all_of(groups.begin(), groups.end(), [&](const Slices& group) {
    return standing_of(headers, group).positions == 1;
  });
  if (!one_each) return groups;
  notes.push_back("each of the " + text::grouped(static_cast<std::int64_t>(groups.size())) +
                  " slices has a frame of reference of its own; they were taken for the same");
  return {slices};
}

/// Removes the slices for which a condition holds, unless it holds for all; a note names them.
template <typename Condition>
void leave_out(const Headers& headers, Slices& slices, const std::string& reason,
               const Condition& holds, std::vector<std::string>& notes) {
  const auto kept = std::stable_partition(
      slices.begin(), slices.end(), [&](std::size_t slice) { return !holds(headers[slice]); });
  if (kept == slices.begin() || kept == slices.end()) return;
  std::vector<std::string> names;
  for (auto slice = kept; slice != slices.end(); ++slice) {
    names.push_back(quoted(headers[*slice].name));
  }
  notes.push_back("left out (" + reason + "): " + text::listed(names, ", "));
  slices.erase(kept, slices.end());
}

std::string problem_of(const Headers& headers, const Slices& slices) {
  try {
    plan_series(chosen(headers, slices));
    return "";
  } catch (const Error& error) {
    const std::string prefix = "series " + headers[slices.front()].series_uid + ": ";
    const std::string message = error.what();
    return message.rfind(prefix, 0) == 0 ? message.substr(prefix.size()) : message;
  }
}

}  // namespace

SeriesParts split_series(const std::vector<SliceHeader>& headers) {
  require_one_series(headers);
  SeriesParts result;
  Slices slices(headers.size());
  for (std::size_t i = 0; i < slices.size(); ++i) slices[i] = i;
  leave_out(
      headers, slices, "the modality is not CT",
      [](const SliceHeader& h) { return h.modality != "CT"; }, result.notes);
  leave_out(
      headers, slices, "localizer", [](const SliceHeader& h) { return h.localizer; }, result.notes);
  require_valid_headers(chosen(headers, slices));

  std::vector<Slices> parts;
  for (const Slices& uniform : uniform_groups(headers, slices)) {
    for (const Slices& framed : frame_groups(headers, uniform, result.notes)) {
      split_stack(headers, framed, parts);
    }
  }
  // The names of files decide nothing: the order of parts must not depend on them.
  const auto before = [&](const Slices& a, const Slices& b) {
    if (a.size() != b.size()) return a.size() > b.size();
    const SliceHeader &x = headers[a.front()], &y = headers[b.front()];
    return std::tie(x.acquisition, x.phase, x.kernel, x.instance_number, x.position_mm) <
           std::tie(y.acquisition, y.phase, y.kernel, y.instance_number, y.position_mm);
  };
  std::stable_sort(parts.begin(), parts.end(), before);
  for (Slices& part : parts) {
    std::sort(part.begin(), part.end());
    std::string problem = problem_of(headers, part);
    result.parts.push_back({std::move(part), std::move(problem)});
  }
  return result;
}

}  // namespace lungrt
