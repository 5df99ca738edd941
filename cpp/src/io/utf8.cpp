#include "io/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace lungrt::io {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool continues(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

/// Length of the UTF-8 sequence at the beginning of a text; 0 if it is not valid.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2   ? 0  // a continuation, or an overlong form
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(byte(i))) return 0;
  }
  // Overlong forms, surrogates, and values beyond the last code point.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0)) return 0;
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) >= 0x90)) return 0;
  return length;
}

std::uint32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  std::uint32_t value = first < 0x80 ? first : first & (0x7FU >> character.size());
  for (const char byte : character.substr(1)) {
    value = value << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return value;
}

/// Whether a terminal shows a character, instead of obeying it or writing the rest elsewhere.
bool is_shown(std::uint32_t value) {
  const bool is_control = value < 0x20 || (value >= 0x7F && value < 0xA0);
  const bool separates_lines = value == 0x2028 || value == 0x2029;
  const bool turns_direction = value == 0x061C || value == 0x200E || value == 0x200F ||
                               (value >= 0x202A && value <= 0x202E) ||
                               (value >= 0x2066 && value <= 0x2069);
  return !is_control && !separates_lines && !turns_direction;
}

/// "\x1b" or "\u202e".
std::string escaped(std::uint32_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result = value < 0x100 ? "\\x" : "\\u";
  for (int shift = value < 0x100 ? 4 : 12; shift >= 0; shift -= 4) {
    result += kDigits[value >> static_cast<unsigned>(shift) & 0xFU];
  }
  return result;
}

}  // namespace

std::string clean(std::string_view text) {
  constexpr std::string_view kPadding(" \0", 2);
  const std::size_t begin = text.find_first_not_of(kPadding);
  if (begin == std::string_view::npos) return "";
  text = text.substr(begin, text.find_last_not_of(kPadding) - begin + 1);
  std::string result;
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    result += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t valid = sequence(text), length = std::max<std::size_t>(valid, 1);
    const std::string_view character = text.substr(0, length);
    if (valid == 0) {
      result += escaped(static_cast<unsigned char>(text[0]));
    } else if (const std::uint32_t value = code_point(character); is_shown(value)) {
      result += character;
    } else {
      result += escaped(value);
    }
    text.remove_prefix(length);
  }
  return result;
}

std::string printable_lines(std::string_view text) {
  std::string result;
  while (true) {
    const std::size_t end = text.find('\n');
    result += printable(text.substr(0, end));
    if (end == std::string_view::npos) return result;
    result += '\n';
    text.remove_prefix(end + 1);
  }
}

std::string excerpt(std::string_view text) {
  constexpr int kMost = 80;
  const std::string whole = printable(clean(text));
  std::string_view rest = whole;
  std::string result;
  for (int i = 0; i < kMost && !rest.empty(); ++i) {
    const std::size_t length = sequence(rest);
    result += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return rest.empty() ? result : result + "...";
}

}  // namespace lungrt::io
