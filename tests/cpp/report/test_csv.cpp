#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

#include "lungrt/report.h"

namespace lungrt {
namespace {

constexpr const char* kHeader =
    "seriesuid,coordX,coordY,coordZ,probability,p_malignant,diameter_mm,volume_mm3,slice,row,"
    "column\n";

Report report_of(const Finding& finding) {
  Report report;
  report.series_uid = "1.2.3";
  report.candidates = {finding};
  return report;
}

TEST(ReportCsv, ListsNodulesOrCandidates) {
  Finding finding;
  finding.index = {1, 2, 3};
  finding.center_mm = {0.1, -20, 3000};
  finding.p_nodule = 0.75;
  finding.diameter_mm = 4.5;
  finding.volume_mm3 = 47;
  Report report = report_of(finding);
  EXPECT_EQ(to_csv(report), kHeader);
  const std::string row = "1.2.3,0.1,-20.0,3000.0,0.75,,4.5,47.0,1,2,3\n";
  EXPECT_EQ(to_csv(report, true), kHeader + row);
  Nodule nodule;
  static_cast<Finding&>(nodule) = finding;
  nodule.p_malignant = 0.25;
  report.nodules = {nodule, nodule};
  const std::string malignant = "1.2.3,0.1,-20.0,3000.0,0.75,0.25,4.5,47.0,1,2,3\n";
  EXPECT_EQ(to_csv(report), kHeader + malignant + malignant);
}

TEST(ReportCsv, NumbersAreThoseOfPythonsRepr) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::pair<double, const char*> numbers[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {100.0, "100.0"},
      {-0.5, "-0.5"},
      {0.1, "0.1"},
      {0.30000000000000004, "0.30000000000000004"},
      {0.0001, "0.0001"},
      {1e-05, "1e-05"},
      {1.2345e-05, "1.2345e-05"},
      {123456789012345.6, "123456789012345.6"},
      {1234567890123456.0, "1234567890123456.0"},
      {9007199254740992.0, "9007199254740992.0"},
      {1e+16, "1e+16"},
      {-1.5e+300, "-1.5e+300"},
      {5e-324, "5e-324"},
      {kInfinity, "inf"},
      {-kInfinity, "-inf"},
      {std::numeric_limits<double>::quiet_NaN(), "nan"},
  };
  for (const auto& [number, text] : numbers) {
    Finding finding;
    finding.p_nodule = number;
    const std::string row = std::string("1.2.3,0.0,0.0,0.0,") + text + ",,0.0,0.0,0,0,0\n";
    EXPECT_EQ(to_csv(report_of(finding), true), kHeader + row);
  }
}

TEST(ReportCsv, QuotesAUidThatNeedsIt) {
  const std::pair<const char*, const char*> uids[] = {
      {"", ""},
      {"a b", "a b"},
      {"a,b", "\"a,b\""},
      {"a\"b", "\"a\"\"b\""},
      {"a\nb\r", "\"a\nb\r\""},
      {"\xff", "\xef\xbf\xbd"},  // not UTF-8
      {"\xc3\xa9", "\xc3\xa9"},
  };
  for (const auto& [uid, cell] : uids) {
    Report report = report_of({});
    report.series_uid = uid;
    const std::string row = std::string(cell) + ",0.0,0.0,0.0,0.0,,0.0,0.0,0,0,0\n";
    EXPECT_EQ(to_csv(report, true), kHeader + row);
  }
}

}  // namespace
}  // namespace lungrt
