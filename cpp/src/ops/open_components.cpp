#include "ops/open_components.h"

#include <algorithm>

#include "lungrt/error.h"
#include "ops/components.h"

namespace lungrt::ops {
namespace {

void set_columns(std::uint64_t* row, std::int64_t first, std::int64_t last) {
  while (first < last) {
    const std::int64_t count = std::min(64 - first % 64, last - first);
    const std::uint64_t bits = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    row[first / 64] |= bits << (first % 64);
    first += count;
  }
}

/// Copy of the mask in which all unknown voxels are set.
NoduleMask with_unknown_set(const NoduleMask& mask, const std::vector<SliceWindow>& known) {
  const VolumeShape& shape = mask.shape();
  NoduleMask filled = mask;
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    const SliceWindow& window = known[static_cast<std::size_t>(slice)];
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      std::uint64_t* words = filled.row(slice, row);
      const bool outside = window.empty() || row < window.first_row || row >= window.last_row();
      set_columns(words, 0, outside ? shape.columns : window.first_column);
      if (!outside) set_columns(words, window.last_column(), shape.columns);
    }
  }
  return filled;
}

bool is_set(const std::uint64_t* row, std::int64_t column) {
  return (row[column / 64] >> (column % 64) & 1) != 0;
}

/// Voxels of the eroded mask that are set if all unknown voxels are set, and not set if none is.
class Frontier {
 public:
  Frontier(const NoduleMask& mask, const std::vector<SliceWindow>& known)
      : sure_(erode(mask)), possible_(erode(with_unknown_set(mask, known))) {}

  const NoduleMask& sure() const { return sure_; }

  bool contains(std::int64_t slice, std::int64_t row, std::int64_t column) const {
    const VolumeShape& shape = sure_.shape();
    return shape.contains({slice, row, column}) && is_set(possible_.row(slice, row), column) &&
           !is_set(sure_.row(slice, row), column);
  }

 private:
  NoduleMask sure_, possible_;
};

void look_around(const Run& run, const Frontier& frontier, std::vector<VoxelIndex>& leaks) {
  const auto look = [&](std::int64_t slice, std::int64_t row, std::int64_t column) {
    if (frontier.contains(slice, row, column)) leaks.push_back({slice, row, column});
  };
  look(run.slice, run.row, run.begin - 1);
  look(run.slice, run.row, run.end);
  for (std::int64_t column = run.begin; column < run.end; ++column) {
    look(run.slice - 1, run.row, column);
    look(run.slice + 1, run.row, column);
    look(run.slice, run.row - 1, column);
    look(run.slice, run.row + 1, column);
  }
}

}  // namespace

std::vector<OpenComponent> open_components(const NoduleMask& mask,
                                           const std::vector<SliceWindow>& known) {
  if (static_cast<std::int64_t>(known.size()) != mask.shape().slices) {
    throw Error(ErrorCode::kInvalidArgument,
                "there are " + std::to_string(known.size()) + " windows for a mask of " +
                    std::to_string(mask.shape().slices) + " slices, expected one per slice");
  }
  const Frontier frontier(mask, known);
  const LabelledRuns labelled = label_runs(frontier.sure());
  std::vector<OpenComponent> components(static_cast<std::size_t>(labelled.count));
  std::vector<bool> seen(components.size(), false);
  for (const Run& run : labelled.runs) {
    const auto number = static_cast<std::size_t>(run.component);
    OpenComponent& component = components[number];
    const VoxelIndex first{run.slice, run.row, run.begin};
    const VoxelIndex last{run.slice, run.row, run.end - 1};
    if (!seen[number]) {
      component.first = first;
      component.last = last;
      seen[number] = true;
    }
    component.first = {std::min(component.first.slice, first.slice),
                       std::min(component.first.row, first.row),
                       std::min(component.first.column, first.column)};
    component.last = {std::max(component.last.slice, last.slice),
                      std::max(component.last.row, last.row),
                      std::max(component.last.column, last.column)};
    look_around(run, frontier, component.leaks);
  }
  std::erase_if(components, [](const OpenComponent& c) { return c.leaks.empty(); });
  return components;
}

}  // namespace lungrt::ops
