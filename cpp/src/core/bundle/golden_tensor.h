/// Sizes of golden tensors, and what makes one unusable.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "lungrt/goldens.h"

namespace lungrt {

/// Number of values that the shape has; -1 if a size is negative or there are too many.
inline std::int64_t elements(const GoldenTensor& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t size : tensor.shape) {
    if (size < 0) return -1;
    if (size > 0 && count > std::numeric_limits<std::int64_t>::max() / size) return -1;
    count *= size;
  }
  return count;
}

/// "2 of 9 values NaN or infinite"; empty if all values are finite.
inline std::string not_finite(const GoldenTensor& tensor) {
  const auto count = std::count_if(tensor.values.begin(), tensor.values.end(),
                                   [](float value) { return !std::isfinite(value); });
  if (count == 0) return "";
  return std::to_string(count) + " of " + std::to_string(tensor.values.size()) +
         " values NaN or infinite";
}

}  // namespace lungrt
