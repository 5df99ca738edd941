#include "io/header_fields.h"

#include <charconv>

namespace lungrt::io {

std::string HeaderFields::text(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

std::int64_t HeaderFields::number(const std::string& name) const {
  std::int64_t value = 0;
  const std::string digits = text(name);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos
             ? ""
             : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace lungrt::io
