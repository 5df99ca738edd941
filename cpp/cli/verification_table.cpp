#include "verification_table.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>

#include "console.h"
#include "table.h"

namespace lungrt::cli {
namespace {

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// All goldens of one network on one engine.
struct Line {
  const VerifiedGolden* first;
  GoldenComparison sum;  ///< means are sums until they are printed
  int compared = 0, failed = 0;

  void add(const VerifiedGolden& row) {
    failed += row.failed() ? 1 : 0;
    if (!row.comparison) return;
    const GoldenComparison& more = *row.comparison;
    ++compared;
    sum.values += more.values;
    sum.max_absolute = std::max(sum.max_absolute, more.max_absolute);
    sum.max_relative = std::max(sum.max_relative, more.max_relative);
    sum.mean_absolute += more.mean_absolute * static_cast<double>(more.values);
    sum.mean_relative += more.mean_relative * static_cast<double>(more.values);
    sum.decisions += more.decisions;
    sum.flips += more.flips;
  }
};

std::vector<Line> lines_of(const std::vector<VerifiedGolden>& rows) {
  std::vector<Line> lines;
  for (const VerifiedGolden& row : rows) {
    const bool same = !lines.empty() && lines.back().first->stage == row.stage &&
                      lines.back().first->member == row.member &&
                      lines.back().first->engine == row.engine;
    if (!same) lines.push_back({&row, {}});
    lines.back().add(row);
  }
  return lines;
}

void add(Table& table, const Line& line, bool ensembles) {
  const VerifiedGolden& row = *line.first;
  std::vector<std::string> cells{
      ensembles ? row.stage + " " + std::to_string(row.member) : row.stage, row.engine};
  if (!row.skipped.empty()) {
    cells.resize(7);
    cells.emplace_back("skipped");
    table.add(cells, Style::kYellow);
    return;
  }
  const auto values = static_cast<double>(std::max<std::int64_t>(1, line.sum.values));
  for (const double value : {line.sum.max_absolute, line.sum.mean_absolute / values,
                             line.sum.max_relative, line.sum.mean_relative / values}) {
    cells.push_back(line.compared == 0 ? "-" : number("%.1e", value));
  }
  cells.push_back(line.compared == 0 ? "-"
                                     : std::to_string(line.sum.flips) + " of " +
                                           std::to_string(line.sum.decisions));
  cells.push_back(line.failed == 0 ? "ok" : std::to_string(line.failed) + " failed");
  table.add(cells, line.failed == 0 ? Style::kGreen : Style::kRed);
}

std::string failure(const VerifiedGolden& row) {
  const std::string where =
      row.stage + " " + std::to_string(row.member) + ", " + row.engine + ", " + row.golden + ": ";
  if (!row.comparison) return where + row.problem;
  const GoldenComparison& found = *row.comparison;
  return where + "the largest |probability - eager| is " + number("%.2g", found.max_absolute) +
         ", tolerated " + number("%g", row.absolute) + "; " + std::to_string(found.flips) + " of " +
         std::to_string(found.decisions) + " decisions flip, " +
         std::to_string(found.flips_outside_band) + " of them more than " +
         number("%g", row.decision_band) + " from the threshold";
}

}  // namespace

void print_verification(const std::vector<VerifiedGolden>& rows) {
  const bool ensembles =
      std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.member > 0; });
  Table table({{"network"},
               {"engine"},
               {"max abs", true},
               {"mean abs", true},
               {"max rel", true},
               {"mean rel", true},
               {"flips", true},
               {""}});
  for (const Line& line : lines_of(rows)) add(table, line, ensembles);
  table.print();

  std::set<std::string> printed;
  const auto print_once = [&](const std::string& text) {
    if (printed.insert(text).second) print(text);
  };
  for (const VerifiedGolden& row : rows) {
    print_once("tolerated: absolute difference " + number("%g", row.absolute) + ", flips within " +
               number("%g", row.decision_band) + " of the threshold");
  }
  for (const VerifiedGolden& row : rows) {
    if (!row.skipped.empty()) print_once(row.engine + " skipped: " + row.skipped);
  }
  for (const VerifiedGolden& row : rows) {
    if (row.failed()) print(failure(row), Style::kRed);
  }
}

}  // namespace lungrt::cli
