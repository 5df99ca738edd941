/// Headers of lines of text, which MetaImage and NRRD files begin with, and texts in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lungrt::io {

/// Lines at the beginning of a file, one after the other. A header has no more than 1 MiB.
class HeaderLines {
 public:
  /// \throws Error kIo
  explicit HeaderLines(const std::filesystem::path& path);
  /// Reads the next line, without its end.
  /// \return false at the end of the file
  /// \throws Error kIo  if the header is too long
  bool next(std::string_view& line);
  /// Offset of the byte after the last line.
  std::uint64_t end() const { return end_; }
  /// All lines after the last one.
  /// \throws Error kIo  if they are too long for a header
  std::string_view rest() const;

 private:
  std::filesystem::path path_;
  std::string content_;
  bool is_whole_;
  std::size_t end_ = 0;
};

/// Named fields of a header.
class HeaderFields {
 public:
  explicit HeaderFields(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }
  void set(const std::string& name, std::string_view value) { values_[name] = value; }

  bool has(const std::string& name) const { return values_.count(name) != 0; }
  /// Value of a field; empty if there is none.
  std::string text(const std::string& name) const;
  /// Value of a field that a header must have.
  /// \throws Error kIo
  std::string required(const std::string& name) const;
  /// Integer in a field, or `otherwise` if there is none.
  /// \throws Error kIo  if it is not an integer
  std::int64_t integer(const std::string& name, std::int64_t otherwise) const;
  /// Integers in a field that a header must have.
  /// \throws Error kIo  if they are not as many integers
  std::vector<std::int64_t> integers(const std::string& name, std::size_t count) const;
  /// Finite numbers in a field that a header must have.
  /// \throws Error kIo  if they are not as many numbers
  std::vector<double> numbers(const std::string& name, std::size_t count) const;
  /// Reports a field whose value is invalid.
  /// \throws Error kIo
  [[noreturn]] void refuse(const std::string& name, const std::string& expected) const;

 private:
  std::filesystem::path path_;
  std::map<std::string, std::string> values_;
};

/// A text without leading and trailing blanks.
std::string_view trimmed(std::string_view text);
/// A text in lower case; only letters of ASCII change, whatever the locale.
std::string lower(std::string_view text);
/// Parts of a text that blanks separate.
std::vector<std::string_view> words(std::string_view text);

}  // namespace lungrt::io
