/// Pixels of one slice.
#pragma once

#include <cstdint>
#include <vector>

namespace lungrt::io {

/// Hounsfield units of a slice, rows x columns.
struct Plane {
  std::vector<std::int16_t> hu;
  std::vector<double> fractional;  ///< used instead of `hu` if the rescale slope is fractional
  std::int64_t padding = 0;        ///< number of padding pixels beyond the stored bits, now air
  std::int64_t extended = 0;       ///< number of negative values beyond the stored bits, kept
};

}  // namespace lungrt::io
