#include "lungrt/version.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "lungrt/error.h"

namespace lungrt {
namespace {

/// Parses "major.minor.patch"; nothing for any other text.
std::optional<std::array<int, 3>> parse(std::string_view text) {
  std::array<int, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, numbers[i]);
    if (failure != std::errc{} || numbers[i] < 0) return std::nullopt;
    const bool last = i + 1 == numbers.size();
    if (last ? rest != end : rest == end || *rest != '.') return std::nullopt;
    if (!last) text.remove_prefix(static_cast<std::size_t>(rest - text.data()) + 1);
  }
  return numbers;
}

}  // namespace

const char* library_version() noexcept { return LUNGRT_VERSION; }

void check_headers_version(const char* headers) {
  const auto theirs = parse(headers == nullptr ? "" : headers);
  if (!theirs) {
    throw Error(ErrorCode::kInvalidArgument,
                "'" + std::string(headers == nullptr ? "" : headers) +
                    "' is not a version of lungrt's headers; pass LUNGRT_VERSION, e.g. \"" +
                    LUNGRT_VERSION + "\"");
  }
  constexpr std::array ours{LUNGRT_VERSION_MAJOR, LUNGRT_VERSION_MINOR, LUNGRT_VERSION_PATCH};
  const bool same_major = (*theirs)[0] == ours[0];
  const bool fits = ours[0] == 0 ? (*theirs)[1] == ours[1] : (*theirs)[1] <= ours[1];
  if (same_major && fits) return;
  throw Error(ErrorCode::kUnsupportedVersion,
              std::string("this program was compiled with the headers of lungrt ") + headers +
                  " but runs with the library of lungrt " + LUNGRT_VERSION +
                  ", which has another binary interface; compile it again with the headers of the "
                  "installed library, or install lungrt " +
                  headers);
}

}  // namespace lungrt
