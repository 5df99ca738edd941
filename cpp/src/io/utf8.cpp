#include "io/utf8.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <sstream>

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

/// A message without "ITK ERROR: ClassName(0x1f): " at its beginning; "ITK " and the object may be
/// missing.
std::string_view without_itk_prefix(std::string_view message) {
  constexpr std::string_view kItk = "ITK ", kError = "ERROR: ";
  std::string_view rest = message;
  if (rest.starts_with(kItk)) rest.remove_prefix(kItk.size());
  if (!rest.starts_with(kError)) return message;
  rest.remove_prefix(kError.size());

  constexpr std::string_view kAddress = "(0x", kEnd = "): ";
  const std::size_t address = rest.find(kAddress), end = rest.find(kEnd);
  if (address == std::string_view::npos || end == std::string_view::npos || end < address) {
    return rest;
  }
  const std::string_view name = rest.substr(0, address);
  const bool is_object = std::all_of(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  return is_object && !name.empty() ? rest.substr(end + kEnd.size()) : rest;
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

std::string itk_reason(const std::exception& error) {
  std::istringstream lines(error.what());
  std::string line, last;
  while (std::getline(lines, line)) {
    // "Reason: ..." is the last errno, which often has another cause.
    if (line.rfind("Reason: ", 0) != 0 && line.find_first_not_of(" \t") != std::string::npos) {
      last = line;
    }
  }
  return std::string(without_itk_prefix(last));
}

}  // namespace lungrt::io
