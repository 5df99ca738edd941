/// Pixels of one slice.
#pragma once

#include <cstdint>
#include <vector>

namespace lungrt::io {

/// Hounsfield units of a slice, rows x columns.
struct Plane {
  std::vector<std::int16_t> hu;
  std::vector<double> fractional;  ///< used instead of `hu` if the rescale slope is fractional
};

}  // namespace lungrt::io
