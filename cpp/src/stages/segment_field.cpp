#include "stages/segment_field.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/logging.h"
#include "core/text.h"
#include "ops/open_components.h"

namespace lungrt {
namespace {

/// Number of consecutive slices that share a window, so that few different sizes occur.
constexpr std::size_t kSlabSlices = 4;
/// Margin around the field within a slice (pixels): one for the neighbours that erosion reads, one
/// for the neighbours of a component.
constexpr std::int64_t kMargin = 2;
/// Margin around a voxel at which a component may continue (pixels).
constexpr std::int64_t kGrowth = 24;

ops::SliceWindow grown(const ops::SliceWindow& window, std::int64_t by, const VolumeShape& shape) {
  return ops::window_between(window.first_row - by, window.last_row() + by,
                             window.first_column - by, window.last_column() + by, shape);
}

/// Window around the field in a slice and its two neighbours, which erosion reads.
ops::SliceWindow window_near(const ops::CellField& field, std::int64_t slice) {
  const VolumeShape& shape = field.volume_shape();
  ops::SliceWindow window;
  for (std::int64_t s = std::max<std::int64_t>(0, slice - 1);
       s <= std::min(shape.slices - 1, slice + 1); ++s) {
    window = ops::around(window, field.window(s));
  }
  return window.empty() ? window : grown(window, kMargin, shape);
}

/// The window of each slice to segment; empty where the slice is not needed.
std::vector<ops::SliceWindow> windows_around(const ops::CellField& field) {
  std::vector<ops::SliceWindow> wanted;
  for (std::int64_t s = 0; s < field.volume_shape().slices; ++s) {
    wanted.push_back(window_near(field, s));
  }
  for (std::size_t first = 0; first < wanted.size(); first += kSlabSlices) {
    const std::size_t last = std::min(first + kSlabSlices, wanted.size());
    ops::SliceWindow slab;
    for (std::size_t s = first; s < last; ++s) slab = ops::around(slab, wanted[s]);
    for (std::size_t s = first; s < last; ++s) {
      if (!wanted[s].empty()) wanted[s] = slab;
    }
  }
  return wanted;
}

/// Widens the windows wherever a component that meets the field may continue outside of the known
/// windows.
/// \return whether any window was widened
bool widen(const NoduleMask& mask, const ops::CellField& field,
           const std::vector<ops::SliceWindow>& known, std::vector<ops::SliceWindow>& wanted) {
  const VolumeShape& shape = mask.shape();
  bool widened = false;
  for (const ops::OpenComponent& component : ops::open_components(mask, known)) {
    if (!field.meets(component.first, component.last)) continue;
    for (const VoxelIndex& leak : component.leaks) {
      // Erosion at the leak reads its neighbours, also those in the adjacent slices.
      for (std::int64_t s = std::max<std::int64_t>(0, leak.slice - 1);
           s <= std::min(shape.slices - 1, leak.slice + 1); ++s) {
        const auto slice = static_cast<std::size_t>(s);
        const ops::SliceWindow needed = ops::window_between(
            leak.row - 1, leak.row + 2, leak.column - 1, leak.column + 2, shape);
        if (ops::around(known[slice], needed) == known[slice]) continue;
        wanted[slice] = ops::around(wanted[slice], grown(needed, kGrowth, shape));
        widened = true;
      }
    }
  }
  return widened;
}

}  // namespace

void segment_field(const Segmenter& segmenter, PlacedScan& scan, const ops::CellField& field,
                   const RunControl& control) {
  const WindowPlanner planner = segmenter.planner(scan.volume().shape());
  std::vector<ops::SliceWindow> wanted = windows_around(field);
  std::vector<ops::SliceWindow> known(wanted.size());
  for (int round = 1;; ++round) {
    std::vector<SlicePart> parts;
    for (std::size_t slice = 0; slice < wanted.size(); ++slice) {
      if (wanted[slice].empty() || ops::around(known[slice], wanted[slice]) == known[slice]) {
        continue;
      }
      parts.push_back(planner.part(static_cast<std::int64_t>(slice), wanted[slice]));
      known[slice] = parts.back().known;
    }
    log_lazily(round == 1 ? LogLevel::kDebug : LogLevel::kInfo, [&] {
      return "segment: windows in " +
             text::counted(static_cast<std::int64_t>(parts.size()), "slice") +
             (round == 1 ? ""
                         : ", widened where components may continue (round " +
                               std::to_string(round) + ")");
    });
    segmenter.run(scan, parts, control);
    control.check("segment");
    // For copies of the mask and its components.
    const RunControl::Memory memory =
        control.hold("segment", "the search for components that leave the lung field",
                     4 * mask_bytes(field.volume_shape()) +
                         (control.limits_memory() ? scan.grouping_bytes() : 0));
    if (!widen(scan.mask(), field, known, wanted)) return;
  }
}

}  // namespace lungrt
