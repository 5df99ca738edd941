/// Conversion of decoded pixels to Hounsfield units.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "io/dicom/slice.h"

namespace lungrt::io {

inline constexpr std::int32_t kLowestHu = std::numeric_limits<std::int16_t>::min();
inline constexpr std::int32_t kHighestHu = std::numeric_limits<std::int16_t>::max();

/// Reports Hounsfield units beyond int16.
/// \throws Error kBadVolume
[[noreturn]] void refuse_beyond(const DicomSlice& slice, std::int64_t lowest, std::int64_t highest);

/// Reports pixels that cannot be decoded.
/// \throws Error kIo
[[noreturn]] void refuse_undecodable(const DicomSlice& slice, const std::string& reason);

/// Converts decoded values to a plane.
/// \throws Error kBadVolume  for a value beyond int16
template <typename T>
Plane as_plane(const DicomSlice& slice, const T* values, std::size_t count) {
  Plane plane;
  if constexpr (std::is_floating_point_v<T>) {
    plane.fractional.assign(values, values + count);
  } else {
    const auto [lowest, highest] = std::minmax_element(values, values + count);
    if (std::cmp_less(*lowest, kLowestHu) || std::cmp_greater(*highest, kHighestHu)) {
      refuse_beyond(slice, static_cast<std::int64_t>(*lowest), static_cast<std::int64_t>(*highest));
    }
    plane.hu.resize(count);
    std::transform(values, values + count, plane.hu.begin(),
                   [](T value) { return static_cast<std::int16_t>(value); });
  }
  return plane;
}

}  // namespace lungrt::io
