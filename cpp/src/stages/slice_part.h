/// What of a slice is segmented.
#pragma once

#include <cstdint>

#include "ops/slice_window.h"

namespace lungrt {

/// A slice, the window of it that the network is given, and the part of that window where what the
/// network says is what it says of the whole slice.
struct SlicePart {
  std::int64_t slice = 0;
  ops::SliceWindow seen, known;
};

/// Of the first known pixel in rows of this width that begin with the first one seen.
inline std::int64_t offset_of_known(const SlicePart& part, std::int64_t width) {
  return (part.known.first_row - part.seen.first_row) * width + part.known.first_column -
         part.seen.first_column;
}

}  // namespace lungrt
