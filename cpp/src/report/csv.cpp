/// Reports as CSV, the same text for C++, Python and the command line.

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lungrt/report.h"

namespace lungrt {
namespace {

/// The shortest text that is read back as the same number, formatted like Python's repr.
std::string shortest(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  std::array<char, 32> text;
  char* const end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const std::string_view all(text.data(), static_cast<std::size_t>(end - text.data()));
  const std::size_t e = all.find('e');
  int exponent = 0;
  std::from_chars(all.data() + e + (all[e + 1] == '+' ? 2 : 1), end, exponent);
  constexpr int kLowest = -4, kHighest = 16;  // Python writes an exponent outside of this range
  if (exponent < kLowest || exponent >= kHighest) return std::string(all);
  const auto length =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  const std::string fixed(text.data(), length);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

/// Text as a cell: valid UTF-8, and in quotation marks if it needs them.
std::string cell(const std::string& text) {
  using nlohmann::json;
  const std::string valid =
      json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
  if (valid.find_first_of(",\"\r\n") == std::string::npos) return valid;
  std::string result = "\"";
  for (const char letter : valid) {
    if (letter == '"') result += '"';
    result += letter;
  }
  return result + "\"";
}

std::string line(const std::string& series, const Finding& finding) {
  std::string result = series;
  for (const double value : finding.center_mm) result += "," + shortest(value);
  result += "," + shortest(finding.p_nodule) + ",";
  if (finding.p_malignant) result += shortest(*finding.p_malignant);
  result += "," + shortest(finding.diameter_mm) + "," + shortest(finding.volume_mm3);
  for (const std::int64_t value : {finding.index.slice, finding.index.row, finding.index.column}) {
    result += "," + std::to_string(value);
  }
  return result + "\n";
}

}  // namespace

std::string to_csv(const Report& report, bool candidates) {
  std::string result =
      "seriesuid,coordX,coordY,coordZ,probability,p_malignant,diameter_mm,volume_mm3,slice,row,"
      "column\n";
  const std::string series = cell(report.series_uid);
  if (candidates) {
    for (const Finding& finding : report.candidates) result += line(series, finding);
  } else {
    for (const Nodule& nodule : report.nodules) result += line(series, nodule);
  }
  return result;
}

}  // namespace lungrt
