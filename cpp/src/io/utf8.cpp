#include "io/utf8.h"

#include <cstddef>

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

std::string excerpt(std::string_view text) {
  constexpr int kMost = 80;
  const std::string whole = clean(text);
  std::string_view rest = whole;
  std::string result;
  for (int i = 0; i < kMost && !rest.empty(); ++i) {
    const std::size_t length = sequence(rest);
    const auto first = static_cast<unsigned char>(rest[0]);
    // The control characters of ASCII, and those between U+0080 and U+009F.
    const bool is_control = first < 0x20 || first == 0x7F ||
                            (first == 0xC2 && static_cast<unsigned char>(rest[1]) < 0xA0);
    result += is_control ? kReplacement : rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return rest.empty() ? result : result + "...";
}

}  // namespace lungrt::io
