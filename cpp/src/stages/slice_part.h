/// Part of a slice that is segmented.
#pragma once

#include <cstdint>

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

}  // namespace lungrt
