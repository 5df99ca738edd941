#include "io/images/text_header.h"

#include <charconv>
#include <system_error>

#include "io/files.h"
#include "io/images/header.h"
#include "io/numbers.h"
#include "io/utf8.h"

namespace lungrt::io {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::string_view kBlanks = " \t\r\v\f";

using io::parse_number;

bool parse_number(std::string_view text, std::int64_t& value) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size();
}

/// The numbers of a text; nothing if one of its words is none.
template <typename T>
std::vector<T> parse_numbers(std::string_view text) {
  std::vector<T> result;
  for (const std::string_view word : words(text)) {
    if (!parse_number(word, result.emplace_back())) return {};
  }
  return result;
}

}  // namespace

HeaderLines::HeaderLines(const std::filesystem::path& path) : path_(path) {
  const InputFile file(path);
  const std::uint64_t size = file.version().size;
  is_whole_ = size <= kMostBytes;
  content_.resize(is_whole_ ? static_cast<std::size_t>(size) : kMostBytes);
  content_.resize(file.read_at(0, content_.data(), content_.size()));
}

bool HeaderLines::next(std::string_view& line) {
  const std::string_view rest = std::string_view(content_).substr(end_);
  const std::size_t length = rest.find('\n');
  if (length == std::string_view::npos && !is_whole_) {
    refuse_unreadable(path_, "its header is longer than 1 MiB");
  }
  line = rest.substr(0, length);
  end_ += length == std::string_view::npos ? rest.size() : length + 1;
  return !rest.empty();
}

std::string_view HeaderLines::rest() const {
  if (!is_whole_) refuse_unreadable(path_, "its header is longer than 1 MiB");
  return std::string_view(content_).substr(end_);
}

std::string HeaderFields::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

std::string HeaderFields::required(const std::string& name) const {
  if (!has(name)) refuse_unreadable(path_, "its header has no field '" + name + "'");
  return text(name);
}

std::int64_t HeaderFields::integer(const std::string& name, std::int64_t otherwise) const {
  return has(name) ? integers(name, 1)[0] : otherwise;
}

std::vector<std::int64_t> HeaderFields::integers(const std::string& name, std::size_t count) const {
  std::vector<std::int64_t> result = parse_numbers<std::int64_t>(required(name));
  if (result.size() != count) refuse(name, std::to_string(count) + " integers");
  return result;
}

std::vector<double> HeaderFields::numbers(const std::string& name, std::size_t count) const {
  std::vector<double> result = parse_numbers<double>(required(name));
  if (result.size() != count) refuse(name, std::to_string(count) + " numbers");
  return result;
}

void HeaderFields::refuse(const std::string& name, const std::string& expected) const {
  refuse_unreadable(
      path_, "its field '" + name + "' is '" + excerpt(text(name)) + "', expected " + expected);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  while (!(text = trimmed(text)).empty()) {
    const std::size_t length = text.find_first_of(kBlanks);
    result.push_back(text.substr(0, length));
    text.remove_prefix(length == std::string_view::npos ? text.size() : length);
  }
  return result;
}

}  // namespace lungrt::io
