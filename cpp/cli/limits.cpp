#include "limits.h"

#include <lungrt/error.h>

#include <cctype>
#include <cmath>
#include <cstdint>
#include <regex>

namespace lungrt::cli {
namespace {

constexpr long double kMost = 9223372036854775807.0L;

long double unit(const std::string& letters) {
  if (letters.empty()) return 1;
  const auto power = std::string("KMG").find(
      static_cast<char>(std::toupper(static_cast<unsigned char>(letters[0]))));
  return std::pow(letters.size() > 1 ? 1024.0L : 1000.0L, static_cast<long double>(power + 1));
}

std::int64_t parse_memory(const std::string& text) {
  static const std::regex kSize(R"(\s*(\d+(?:\.\d+)?)\s*([KMG]I?)?B?\s*)", std::regex::icase);
  std::smatch match;
  if (text.size() < 64 && std::regex_match(text, match, kSize)) {
    const long double bytes = std::floor(std::stold(match[1]) * unit(match[2]));
    if (bytes >= 1 && bytes <= kMost) return static_cast<std::int64_t>(bytes);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "--memory-limit " + text +
                  ": expected a number of bytes, or a number with K, M, G (powers of 1,000) or Ki, "
                  "Mi, Gi (powers of 1,024), such as 500M or 2GiB");
}

}  // namespace

void add_limits(CLI::App& command, Limits& limits) {
  command
      .add_option("--time-limit", limits.seconds,
                  "Stop with an error if the run takes longer than this. Reading the CT and "
                  "loading the bundle are not counted.")
      ->type_name("SECONDS");
  command
      .add_option("--memory-limit", limits.memory,
                  "Stop with an error if the run would need more host memory than this: a number "
                  "of bytes, or for example 500M or 2GiB. The CT, the weights and what engines "
                  "other than native allocate internally are not counted.")
      ->type_name("SIZE");
}

void set_limits(const Limits& limits, RunOptions& options) {
  if (limits.seconds) {
    if (!(*limits.seconds > 0) || !std::isfinite(*limits.seconds)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "--time-limit: expected a number of seconds greater than 0");
    }
    options.max_seconds = *limits.seconds;
  }
  if (limits.memory) options.max_memory_bytes = parse_memory(*limits.memory);
}

}  // namespace lungrt::cli
