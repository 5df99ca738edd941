/// Windows of slices that the segmentation runs on, and the planner that chooses them.
#pragma once

#include <cstdint>
#include <optional>

#include "core/bundle/bundle.h"
#include "ops/slice_window.h"

namespace lungrt {

/// Window of a slice that the network sees, and the smaller window in which its output is known to
/// equal the output for the whole slice.
struct SlicePart {
  std::int64_t slice = 0;
  ops::SliceWindow seen, known;
};

/// Offset of the first known pixel from the first seen one, in rows of this width.
inline std::int64_t offset_of_known(const SlicePart& part, std::int64_t width) {
  return (part.known.first_row - part.seen.first_row) * width + part.known.first_column -
         part.seen.first_column;
}

/// Chooses windows such that the output in the wanted part does not depend on pixels outside of the
/// window, pooling and kernels combine the same pixels as in the whole slice, and few different
/// sizes occur.
class WindowPlanner {
 public:
  /// \param receptive_radius  pixels on each side that an output pixel depends on; none where that
  ///                          is unknown: only whole slices are planned then
  WindowPlanner(const VolumeShape& shape, const InputContract& input,
                std::optional<std::int64_t> receptive_radius);

  SlicePart whole(std::int64_t slice) const;
  /// A part whose known window contains `wanted`, clipped to the slice.
  SlicePart part(std::int64_t slice, const ops::SliceWindow& wanted) const;

 private:
  struct Span {
    std::int64_t first, size;
  };
  Span seen_along(std::int64_t first, std::int64_t last, std::int64_t axis) const;
  Span known_along(const Span& seen, std::int64_t axis) const;

  VolumeShape shape_;
  std::optional<std::int64_t> receptive_radius_;
  std::int64_t alignment_, quantum_;
};

/// Largest receptive-field radius of the stage's networks; none where one of them is unknown.
std::optional<std::int64_t> receptive_radius_of(const StageManifest& stage);

}  // namespace lungrt
