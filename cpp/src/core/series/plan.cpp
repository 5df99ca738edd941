#include <cmath>
#include <string>
#include <vector>

#include "core/series/checks.h"
#include "core/series/grid.h"
#include "core/series/stack.h"
#include "core/text.h"
#include "lungrt/series.h"

namespace lungrt {
namespace {

using namespace series;

/// A note for slices that are sagittal or coronal, which a scanner does not acquire; else empty.
std::string reformat_note(const Vec3& normal) {
  const double x = std::abs(normal[0]), y = std::abs(normal[1]), z = std::abs(normal[2]);
  if (z >= x && z >= y) return "";
  return std::string("the slices are ") + (x > y ? "sagittal" : "coronal") +
         ": a reformat, whose voxels were interpolated from the scanner's own slices";
}

/// What is wrong with the spacing, and what to do.
std::string irregular_spacing(const Grid& grid, const std::vector<std::string>& problems) {
  std::string text = "the slices are not evenly spaced by " + mm(grid.gap_mm) + ": " +
                     text::listed(problems, "; ");
  if (grid.rounding_mm > 0.05 * grid.gap_mm) {
    text += ". Their positions are rounded to " + mm(2 * grid.rounding_mm) +
            ", which does not explain it";
  }
  return text +
         ". Add the missing slices and remove the duplicates, or resample the series onto a "
         "regular "
         "grid (resample=True, --resample)";
}

std::string dropped(const std::vector<std::string>& repeated) {
  return text::counted(static_cast<std::int64_t>(repeated.size()), "slice") +
         " at repeated positions " + (repeated.size() == 1 ? "was" : "were") +
         " dropped: " + text::listed(repeated, "; ");
}

}  // namespace

SeriesLayout plan_series(const std::vector<SliceHeader>& headers, bool resample) {
  require_one_series(headers);
  require_valid_headers(headers);
  require_uniform_headers(headers);

  const Vec3 normal = slice_normal(headers.front());
  std::vector<Placed> placed = sorted_along(headers, normal);
  const Sideways beside = sideways(headers, placed, normal);
  const bool tilted = require_stack(headers, placed, beside, resample);

  std::vector<std::string> repeated;
  placed = distinct_positions(headers, placed, repeated);
  if (placed.size() < 2) {
    const std::string found =
        headers.size() == 1 ? "only one slice, " : "all slices lie at the position of ";
    refuse(headers, found + quoted(headers[placed.front().header].name) +
                        ", so the spacing between slices is unknown; expected at least two "
                        "positions");
  }
  const Grid grid = fit_grid(headers, placed, normal);
  std::vector<std::string> problems = repeated;
  problems.insert(problems.end(), grid.problems.begin(), grid.problems.end());
  if (!problems.empty() && !resample) refuse(headers, irregular_spacing(grid, problems));

  SeriesLayout layout;
  layout.series_uid = headers.front().series_uid;
  if (const std::string note = reformat_note(normal); !note.empty()) layout.notes.push_back(note);
  if (grid.fitted) layout.notes.push_back(rounding_note(grid));
  if (grid.problems.empty()) {
    for (const Placed& slice : placed) layout.slices.push_back({slice.header, slice.header, 0.0});
  } else {
    layout.slices = resampled_slices(headers, placed, grid, layout.notes);
  }
  if (!repeated.empty()) layout.notes.push_back(dropped(repeated));
  layout.resampled = !problems.empty();
  layout.geometry = geometry_of(headers[placed.front().header], normal, grid);
  layout.shape = {static_cast<std::int64_t>(layout.slices.size()), headers.front().rows,
                  headers.front().columns};
  if (tilted) straighten(headers, beside, layout);
  return layout;
}

}  // namespace lungrt
