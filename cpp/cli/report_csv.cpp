#include "report_csv.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace lungrt::cli {
namespace {

/// A cell, in quotation marks if necessary.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"') result += '"';
    result += letter;
  }
  return result + "\"";
}

std::string line(const std::string& series_uid, const Finding& finding) {
  std::string result = cell(series_uid);
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

std::string shortest(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  std::array<char, 32> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const std::string_view all(text.data(), static_cast<std::size_t>(end - text.data()));
  const std::size_t e = all.find('e');
  const int exponent = std::atoi(std::string(all.substr(e + 1)).c_str());
  std::string digits;
  for (const char letter : all.substr(0, e)) {
    if (letter >= '0' && letter <= '9') digits += letter;
  }
  const std::string sign = std::signbit(value) ? "-" : "";
  constexpr int kLowest = -4, kHighest = 16;  // Python writes an exponent outside this range
  if (exponent < kLowest || exponent >= kHighest) return std::string(all);
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  const std::string rest = digits.substr(whole);
  return sign + digits.substr(0, whole) + "." + (rest.empty() ? "0" : rest);
}

std::string to_csv(const Report& report, bool candidates) {
  std::string result =
      "seriesuid,coordX,coordY,coordZ,probability,p_malignant,diameter_mm,volume_mm3,slice,row,"
      "column\n";
  if (candidates) {
    for (const Finding& finding : report.candidates) result += line(report.series_uid, finding);
  } else {
    for (const Nodule& nodule : report.nodules) result += line(report.series_uid, nodule);
  }
  return result;
}

}  // namespace lungrt::cli
