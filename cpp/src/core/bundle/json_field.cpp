#include "core/bundle/json_field.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

/// Whether UTF-8 text has control characters of ASCII or of Latin-1 (U+0080 to U+009F), to which
/// terminals react too.
bool has_control_characters(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    const bool latin = byte == 0xc2 && i + 1 < text.size();
    if (latin && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

void JsonField::fail(const std::string& expected) const {
  std::string found = value_->dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  constexpr std::size_t kMost = 80;
  if (found.size() > kMost) found = found.substr(0, kMost) + "...";
  refuse(name() + " is " + found + ", expected " + expected);
}

const JsonField& JsonField::only(std::initializer_list<const char*> known) const {
  require(value_->is_object(), "an object");
  for (const auto& [key, member] : value_->items()) {
    const bool is_known = std::any_of(known.begin(), known.end(),
                                      [&key = key](const char* name) { return key == name; });
    if (is_known) continue;
    refuse("unknown field '" + key + "' in " + name() +
           "; known fields: " + text::listed({known.begin(), known.end()}, ", ", known.size()));
  }
  return *this;
}

JsonField JsonField::at(const std::string& key) const {
  require(value_->is_object(), "an object");
  const auto found = value_->find(key);
  if (found == value_->end()) refuse("field '" + key + "' is missing in " + name());
  return {*found, *file_, path_.empty() ? key : path_ + "." + key};
}

bool JsonField::has(const std::string& key) const {
  return value_->is_object() && value_->contains(key);
}

std::vector<std::pair<std::string, JsonField>> JsonField::members() const {
  require(value_->is_object(), "an object");
  std::vector<std::pair<std::string, JsonField>> result;
  for (const auto& item : value_->items()) result.emplace_back(item.key(), at(item.key()));
  return result;
}

std::vector<JsonField> JsonField::items() const {
  require(value_->is_array(), "an array");
  std::vector<JsonField> result;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    result.emplace_back((*value_)[i], *file_, path_ + "[" + std::to_string(i) + "]");
  }
  return result;
}

bool JsonField::is(const char* text) const { return *value_ == text; }

bool JsonField::equals(const nlohmann::json& expected) const {
  // Comparison alone takes 1.0 for 1; their texts differ.
  return *value_ == expected && value_->dump() == expected.dump();
}

std::string JsonField::text() const {
  require(value_->is_string(), "text");
  const auto& result = value_->get_ref<const std::string&>();
  require(!result.empty() && !has_control_characters(result),
          "non-empty text without control characters");
  return result;
}

std::string JsonField::sha256() const {
  const std::string digits = text();
  require(digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos,
          "64 lower-case hexadecimal digits");
  return digits;
}

std::string JsonField::any_text() const {
  require(value_->is_string(), "text");
  return value_->get<std::string>();
}

std::string JsonField::one_of(std::initializer_list<const char*> choices) const {
  for (const char* choice : choices) {
    if (*value_ == choice) return choice;
  }
  fail("one of " + text::listed({choices.begin(), choices.end()}, ", ", choices.size()));
}

std::int64_t JsonField::integer(std::int64_t least, std::int64_t most) const {
  const bool fits = value_->is_number_integer() &&
                    (!value_->is_number_unsigned() ||
                     value_->get<std::uint64_t>() <= static_cast<std::uint64_t>(most)) &&
                    value_->get<std::int64_t>() >= least && value_->get<std::int64_t>() <= most;
  require(fits, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return value_->get<std::int64_t>();
}

double JsonField::number(double least, double most) const {
  require(value_->is_number() && value_->get<double>() >= least && value_->get<double>() <= most,
          "a number from " + text::number(least) + " to " + text::number(most));
  return value_->get<double>();
}

bool JsonField::boolean() const {
  require(value_->is_boolean(), "true or false");
  return value_->get<bool>();
}

void JsonField::refuse(const std::string& problem) const {
  throw Error(ErrorCode::kBadBundle, *file_ + ": " + problem);
}

}  // namespace lungrt
