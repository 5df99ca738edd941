#include "stages/windows.h"

#include <algorithm>

namespace lungrt {
namespace {

/// Side of the tiles that kernels work on, in pixels. A window that starts where a tile of the
/// deepest level starts gives the same rounding errors as the whole slice.
constexpr std::int64_t kTile = 4;
/// Window sizes are multiples of this, so that few different ones occur: engines need set-up time
/// for every new size.
constexpr std::int64_t kSizeStep = 32;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

WindowPlanner::WindowPlanner(const VolumeShape& shape, const InputContract& input,
                             std::optional<std::int64_t> receptive_radius)
    : shape_(shape),
      receptive_radius_(receptive_radius),
      alignment_(kTile * input.size_multiple),
      quantum_(round_up(kSizeStep, alignment_)) {}

SlicePart WindowPlanner::whole(std::int64_t slice) const {
  const ops::SliceWindow all = ops::whole_slice(shape_);
  return {slice, all, all};
}

WindowPlanner::Span WindowPlanner::seen_along(std::int64_t first, std::int64_t last,
                                              std::int64_t axis) const {
  const std::int64_t start =
      std::max<std::int64_t>(0, first - *receptive_radius_) / alignment_ * alignment_;
  return {start, std::min(round_up(last + *receptive_radius_ - start, quantum_), axis - start)};
}

WindowPlanner::Span WindowPlanner::known_along(const Span& seen, std::int64_t axis) const {
  // At the edge of the slice the network sees the same border as for the whole slice.
  const std::int64_t first = seen.first == 0 ? 0 : seen.first + *receptive_radius_;
  const std::int64_t end = seen.first + seen.size;
  const std::int64_t last = end == axis ? axis : end - *receptive_radius_;
  return {first, last - first};
}

SlicePart WindowPlanner::part(std::int64_t slice, const ops::SliceWindow& wanted) const {
  if (!receptive_radius_) return whole(slice);
  const Span rows = seen_along(wanted.first_row, wanted.last_row(), shape_.rows);
  const Span columns = seen_along(wanted.first_column, wanted.last_column(), shape_.columns);
  const Span known_rows = known_along(rows, shape_.rows);
  const Span known_columns = known_along(columns, shape_.columns);
  return {slice,
          {rows.first, columns.first, rows.size, columns.size},
          {known_rows.first, known_columns.first, known_rows.size, known_columns.size}};
}

std::optional<std::int64_t> receptive_radius_of(const StageManifest& stage) {
  std::int64_t receptive_radius = 0;
  for (const BundleNetwork& network : stage.networks) {
    if (!network.receptive_radius) return std::nullopt;
    receptive_radius = std::max(receptive_radius, *network.receptive_radius);
  }
  return receptive_radius;
}

}  // namespace lungrt
