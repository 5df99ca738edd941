/// Windows of slices that the segmentation runs on.
#pragma once

#include <cstdint>
#include <optional>

#include "core/bundle/bundle.h"
#include "stages/slice_part.h"

namespace lungrt {

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
