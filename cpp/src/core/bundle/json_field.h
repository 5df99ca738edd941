/// Strict reading of JSON: every error names the file, the field, what was found and what was
/// expected. Private to the core: no public header uses a JSON type.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace lungrt {

/// A JSON value with its document and its path in it. The document must outlive it.
class JsonField {
 public:
  /// \param file  name of the document, for messages
  /// \param path  path of the value, e.g. stages.nodule.input.crop[1]; empty for the whole document
  JsonField(const nlohmann::json& value, const std::string& file, std::string path = "")
      : value_(&value), file_(&file), path_(std::move(path)) {}

  /// For whoever includes <nlohmann/json.hpp>, which most sources of the core need not parse.
  const nlohmann::json& value() const { return *value_; }
  const std::string& path() const { return path_; }

  [[noreturn]] void fail(const std::string& expected) const;

  void require(bool holds, const std::string& expected) const {
    if (!holds) fail(expected);
  }

  /// Requires an object that has no other fields than these.
  const JsonField& only(std::initializer_list<const char*> known) const;

  /// Member of an object.
  JsonField at(const std::string& key) const;

  bool has(const std::string& key) const;

  /// Members of an object by key.
  std::vector<std::pair<std::string, JsonField>> members() const;

  /// Items of an array.
  std::vector<JsonField> items() const;

  /// Whether it is this text.
  bool is(const char* text) const;

  /// Whether it is this value, with the same types of numbers: 1.0 is not 1.
  bool equals(const nlohmann::json& expected) const;

  /// Non-empty text without control characters.
  std::string text() const;

  /// A SHA-256: 64 lower-case hexadecimal digits.
  std::string sha256() const;

  /// Any text, the empty one included.
  std::string any_text() const;

  /// One of several texts.
  std::string one_of(std::initializer_list<const char*> choices) const;

  /// An integer; a number with a decimal point or exponent is refused.
  std::int64_t integer(std::int64_t least, std::int64_t most) const;

  double number(double least, double most) const;

  bool boolean() const;

 private:
  std::string name() const { return path_.empty() ? "the document" : path_; }

  [[noreturn]] void refuse(const std::string& problem) const;

  const nlohmann::json* value_;
  const std::string* file_;
  std::string path_;
};

}  // namespace lungrt
