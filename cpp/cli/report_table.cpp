#include "report_table.h"

#include <cstdio>
#include <string>

#include "console.h"
#include "table.h"

namespace lungrt::cli {
namespace {

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

void print_nodules(const Report& report) {
  // The table fits 80 columns.
  Table table({{"", true},
               {"centre x, y, z\nmm", true},
               {"slice, row,\ncolumn", true},
               {"diameter\nmm", true},
               {"volume\nmm³", true},
               {"p\nnodule", true},
               {"p\nmalignant", true}});
  int number = 0;
  for (const Nodule& nodule : report.nodules) {
    table.add({std::to_string(++number),
               fixed(nodule.center_mm[0], 1) + ", " + fixed(nodule.center_mm[1], 1) + ", " +
                   fixed(nodule.center_mm[2], 1),
               std::to_string(nodule.index.slice) + ", " + std::to_string(nodule.index.row) + ", " +
                   std::to_string(nodule.index.column),
               fixed(nodule.diameter_mm, 1), fixed(nodule.volume_mm3, 0), fixed(nodule.p_nodule, 3),
               nodule.p_malignant ? fixed(*nodule.p_malignant, 3) : "-"});
  }
  table.print();
}

std::string seconds(const Report& report, const char* stage) {
  const auto found = report.timings_s.find(stage);
  return fixed(found == report.timings_s.end() ? 0.0 : found->second, 1);
}

}  // namespace

void print_report(const Report& report) {
  if (!report.nodules.empty()) print_nodules(report);
  const std::size_t count = report.nodules.size();
  print(std::to_string(count) + " nodule" + (count == 1 ? "" : "s") + " of " +
        std::to_string(report.candidates.size()) + " candidates in " + seconds(report, "total") +
        " s (find lungs " + seconds(report, "find_lungs") + ", segment " +
        seconds(report, "segment") + ", group " + seconds(report, "group") + ", classify " +
        seconds(report, "classify") + ")");
  const Provenance& provenance = report.provenance;
  print("profile " + report.options.profile + ", engine " + report.engine + " (" +
        provenance.engine_version + "), " + report.device + " (" + provenance.device_name + "), " +
        to_string(report.options.precision) + ", " + std::to_string(provenance.threads) +
        " threads");
  for (const std::string& note : provenance.notes) print("note: " + note, Style::kYellow);
}

}  // namespace lungrt::cli
