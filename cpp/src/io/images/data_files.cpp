#include "io/images/data_files.h"

#include <charconv>
#include <optional>

#include "io/images/header.h"
#include "io/images/text_header.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr std::int64_t kMostFiles = 1 << 16;
constexpr std::string_view kList = "LIST";

std::optional<std::int64_t> integer(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (status != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

/// A name with one place for a number, as C's printf knows them: %d, %i or %u, with a width.
class NumberedName {
 public:
  /// \return nothing if the text is none
  static std::optional<NumberedName> parsed(std::string_view text) {
    NumberedName name;
    const std::size_t place = text.find('%');
    if (place == std::string_view::npos) return std::nullopt;
    name.before_ = text.substr(0, place);
    std::size_t at = place + 1;
    if (at < text.size() && text[at] == '0') {
      name.fill_ = '0';
      ++at;
    }
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      constexpr std::size_t kMostDigits = 32;
      name.width_ = 10 * name.width_ + static_cast<std::size_t>(text[at++] - '0');
      if (name.width_ > kMostDigits) return std::nullopt;
    }
    if (at == text.size() || std::string_view("diu").find(text[at]) == std::string_view::npos) {
      return std::nullopt;
    }
    name.after_ = text.substr(at + 1);
    if (name.after_.find('%') != std::string::npos) return std::nullopt;
    return name;
  }

  std::string with(std::int64_t number) const {
    std::string digits = std::to_string(number);
    const std::size_t missing = width_ > digits.size() ? width_ - digits.size() : 0;
    const bool after_sign = fill_ == '0' && number < 0;
    digits.insert(after_sign ? 1 : 0, missing, fill_);
    return before_ + digits + after_;
  }

 private:
  std::string before_, after_;
  std::size_t width_ = 0;
  char fill_ = ' ';
};

[[noreturn]] void refuse_field(const std::filesystem::path& header, std::string_view field) {
  refuse_unreadable(header, "its voxels are said to be in '" + excerpt(field) +
                                "', expected a file's name, LIST, or a pattern with its first and "
                                "last number and step such as 'slice%03d.raw 1 67 1'");
}

std::vector<std::string> names_of_pattern(const std::filesystem::path& header,
                                          const std::vector<std::string_view>& parts,
                                          std::string_view field) {
  const std::optional<NumberedName> name = NumberedName::parsed(parts[0]);
  const std::optional<std::int64_t> first = integer(parts[1]), last = integer(parts[2]);
  const std::optional<std::int64_t> step = parts.size() > 3 ? integer(parts[3]) : 1;
  constexpr std::int64_t kMostNumber = 1 << 30;
  const auto is_small = [](const std::optional<std::int64_t>& number) {
    return number && *number >= -kMostNumber && *number <= kMostNumber;
  };
  if (!name || !is_small(first) || !is_small(last) || !is_small(step) || *step == 0 ||
      (*last - *first) / *step < 0 || (*last - *first) / *step >= kMostFiles) {
    refuse_field(header, field);
  }
  std::vector<std::string> names;
  for (std::int64_t number = *first; *step > 0 ? number <= *last : number >= *last;
       number += *step) {
    names.push_back(name->with(number));
  }
  return names;
}

std::vector<std::string> names_of_list(const std::filesystem::path& header, std::string_view rest) {
  std::vector<std::string> names;
  while (!rest.empty()) {
    const std::string_view name = trimmed(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.size(), rest.substr(0, rest.find('\n')).size() + 1));
    if (!name.empty()) names.emplace_back(name);
    if (static_cast<std::int64_t>(names.size()) > kMostFiles) {
      refuse_unreadable(header, "its list names more than 65536 files");
    }
  }
  return names;
}

}  // namespace

std::filesystem::path data_file(const std::filesystem::path& header, const std::string& name) {
  std::filesystem::path found = header.parent_path() / name;
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(found, failure);
  if (!std::filesystem::is_regular_file(status)) {
    const std::string problem = status.type() == std::filesystem::file_type::not_found
                                    ? " was not found"
                                : std::filesystem::exists(status) && !failure
                                    ? " is not a regular file"
                                    : " cannot be read (" + failure.message() + ")";
    throw Error(ErrorCode::kIo, header.string() + ": cannot be read: its data file '" +
                                    excerpt(name) + "'" + problem + "; copy it next to the header");
  }
  return found;
}

bool names_several_files(std::string_view field) {
  const std::vector<std::string_view> parts = words(field);
  const bool is_list = !parts.empty() && parts[0] == kList;
  return is_list || (parts.size() >= 3 && parts[0].find('%') != std::string_view::npos);
}

std::vector<std::filesystem::path> data_files(const std::filesystem::path& header,
                                              std::string_view field, std::string_view rest,
                                              const std::vector<std::int64_t>& sizes) {
  const std::vector<std::string_view> parts = words(field);
  const bool is_list = parts[0] == kList;
  const std::size_t last_part = is_list ? 1 : 4;  // where the number of axes of a file may be
  if (parts.size() > last_part + 1) refuse_field(header, field);
  const auto axes = static_cast<std::int64_t>(sizes.size());
  std::int64_t axes_of_file = axes - 1;
  if (parts.size() > last_part) {
    axes_of_file = integer(parts[last_part]).value_or(0);
    if (axes_of_file < 1 || axes_of_file > axes) refuse_field(header, field);
  }
  const std::vector<std::string> names =
      is_list ? names_of_list(header, rest) : names_of_pattern(header, parts, field);
  // Files of as many axes as the volume are slabs, of one or several slices each.
  std::int64_t expected = 1;
  for (auto axis = static_cast<std::size_t>(axes_of_file); axis < sizes.size(); ++axis) {
    expected *= sizes[axis] > 0 && expected <= kMostFiles ? sizes[axis] : 1;
  }
  const auto found = static_cast<std::int64_t>(names.size());
  const bool fits =
      axes_of_file == axes ? found > 0 && sizes.back() % found == 0 : found == expected;
  if (!fits) {
    refuse_header(header,
                  "its voxels are in " + std::to_string(found) + " files, but " +
                      (axes_of_file == axes ? "its " + std::to_string(sizes.back()) +
                                                  " slices cannot be shared by them equally"
                                            : "its sizes need " + std::to_string(expected)) +
                      "; correct the header's list");
  }
  std::vector<std::filesystem::path> files;
  for (const std::string& name : names) files.push_back(data_file(header, name));
  return files;
}

}  // namespace lungrt::io
