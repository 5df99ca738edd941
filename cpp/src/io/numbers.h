/// Parsing of decimal numbers in headers.
#pragma once

#include <charconv>
#include <cmath>
#include <string_view>

namespace lungrt::io {

/// Parses a decimal number.
/// \return false if the text is not a finite number
inline bool parse_number(std::string_view text, double& value) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return false;
  text = text.substr(begin, text.find_last_not_of(' ') - begin + 1);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

}  // namespace lungrt::io
