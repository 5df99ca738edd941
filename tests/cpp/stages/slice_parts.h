/// Parts of slices for tests.
#pragma once

#include <vector>

#include "stages/windows.h"

namespace lungrt::testing {

/// Consecutive whole slices.
inline std::vector<SlicePart> whole_slices(const VolumeShape& shape, std::int64_t first,
                                           std::int64_t count) {
  std::vector<SlicePart> parts;
  for (std::int64_t slice = first; slice < first + count; ++slice) {
    parts.push_back({slice, ops::whole_slice(shape), ops::whole_slice(shape)});
  }
  return parts;
}

}  // namespace lungrt::testing
