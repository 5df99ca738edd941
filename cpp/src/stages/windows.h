/// Which part of a slice the segmentation is run on.
#pragma once

#include <cstdint>
#include <optional>

#include "core/bundle.h"
#include "stages/slice_part.h"

namespace lungrt {

/// Chooses windows so that nothing in the wanted part depends on what lies outside, pooling and
/// kernels meet the same pixels as in the whole slice, and few sizes occur.
class WindowPlanner {
 public:
  /// \param reach  pixels on each side that an output depends on; none: not known, so that only
  ///               whole slices will do
  WindowPlanner(const VolumeShape& shape, const InputContract& input,
                std::optional<std::int64_t> reach);

  SlicePart whole(std::int64_t slice) const;
  /// A part that knows at least `wanted`, cut at the slice.
  SlicePart part(std::int64_t slice, const ops::SliceWindow& wanted) const;

 private:
  struct Span {
    std::int64_t first, size;
  };
  Span seen_along(std::int64_t first, std::int64_t last, std::int64_t axis) const;
  Span known_along(const Span& seen, std::int64_t axis) const;

  VolumeShape shape_;
  std::optional<std::int64_t> reach_;
  std::int64_t alignment_, quantum_;
};

/// Pixels on each side that an output of the stage depends on; none where a network's family does
/// not tell.
std::optional<std::int64_t> reach_of(const StageManifest& stage);

}  // namespace lungrt
