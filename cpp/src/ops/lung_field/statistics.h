/// Order statistics.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lungrt::ops {

/// Percentile with linear interpolation between order statistics; reorders the values.
/// \pre values is not empty, 0 <= percent <= 100
inline float percentile(std::vector<float>& values, double percent) {
  const double position = percent / 100.0 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), at, values.end());
  if (below + 1 == values.size()) return *at;
  const float next = *std::min_element(at + 1, values.end());
  return static_cast<float>(*at + (position - static_cast<double>(below)) * (next - *at));
}

}  // namespace lungrt::ops
