/// Formatting of numbers, lists and positions for messages, independent of the process's locale.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "lungrt/geometry.h"

namespace lungrt::text {

/// A number with up to six significant digits, without trailing zeros.
inline std::string number(double value) {
  std::array<char, 32> digits;
  const auto [end, status] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                           std::chars_format::general, 6);
  return status == std::errc() ? std::string(digits.data(), end) : "?";
}

/// A number with commas between thousands.
inline std::string grouped(std::int64_t value) {
  const std::string digits = std::to_string(value);
  std::string result;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > (digits.front() == '-' ? 1U : 0U) && (digits.size() - i) % 3 == 0) result += ',';
    result += digits[i];
  }
  return result;
}

/// "1 slice", "2 slices", "1,234 slices".
inline std::string counted(std::int64_t count, const std::string& noun) {
  return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

/// Items with a separator between them; of more than `most`, the rest is counted ("and 3 more").
inline std::string listed(const std::vector<std::string>& items, const std::string& separator,
                          std::size_t most = 5) {
  std::string result;
  for (std::size_t i = 0; i < std::min(items.size(), most); ++i) {
    result += (i == 0 ? "" : separator) + items[i];
  }
  if (items.size() > most) {
    result += " and " + grouped(static_cast<std::int64_t>(items.size() - most)) + " more";
  }
  return result;
}

/// "(1, 2.5, 3)".
inline std::string vector3(const std::array<double, 3>& values) {
  std::string result;
  for (const double value : values) result += (result.empty() ? "(" : ", ") + number(value);
  return result + ")";
}

/// "[1, 7, 512, 512]".
inline std::string bracketed(const std::vector<std::int64_t>& shape) {
  std::string result = "[";
  for (const std::int64_t size : shape) {
    result += (result.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return result + "]";
}

/// "slices x rows x columns".
inline std::string extent(const VolumeShape& shape) {
  return std::to_string(shape.slices) + " x " + std::to_string(shape.rows) + " x " +
         std::to_string(shape.columns);
}

/// "(slice 1, row 2, column 3)".
inline std::string place(const VoxelIndex& index) {
  return "(slice " + std::to_string(index.slice) + ", row " + std::to_string(index.row) +
         ", column " + std::to_string(index.column) + ")";
}

}  // namespace lungrt::text
