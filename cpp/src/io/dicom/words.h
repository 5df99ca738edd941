/// Numbers and lists in messages about series, independent of the process's locale.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace lungrt::io::words {

/// A number with up to six significant digits, without trailing zeros.
inline std::string number(double value) {
  std::array<char, 32> digits;
  const auto [end, status] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                           std::chars_format::general, 6);
  return status == std::errc() ? std::string(digits.data(), end) : "?";
}

/// "1 slice", "2 slices".
inline std::string slices(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " slice" : " slices");
}

/// Items with commas between them; of more than five, the rest is counted ("and 3 more").
inline std::string listed(const std::vector<std::string>& items) {
  constexpr std::size_t kMost = 5;
  std::string result;
  for (std::size_t i = 0; i < std::min(items.size(), kMost); ++i) {
    result += (i == 0 ? "" : ", ") + items[i];
  }
  if (items.size() > kMost) result += " and " + std::to_string(items.size() - kMost) + " more";
  return result;
}

}  // namespace lungrt::io::words
