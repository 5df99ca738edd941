#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lungrt/engines.h"
#include "lungrt/report.h"

namespace lungrt {
namespace {

Report example() {
  Report report;
  report.series_uid = "1.2.3";
  report.shape = {2, 3, 4};
  report.engine = "torchscript";
  report.device = "cpu";
  report.mask_voxels = 5;
  Finding finding;
  finding.index = {1, 2, 3};
  finding.center_mm = {0.1, 0.2, 0.3};
  finding.p_nodule = 0.75;
  report.candidates = {finding};
  finding.p_malignant = 0.25;
  Nodule nodule;
  static_cast<Finding&>(nodule) = finding;
  nodule.marks = {0};
  report.nodules = {nodule};
  return report;
}

TEST(ReportJson, HasTheDocumentedKeys) {
  const auto value = nlohmann::json::parse(to_json(example()));
  for (const char* key : {"format_version", "series", "profile", "options", "engine", "device",
                          "counts", "nodules", "candidates", "timings_s", "provenance"}) {
    EXPECT_TRUE(value.contains(key)) << key;
  }
  EXPECT_EQ(value["counts"]["candidates"], 1);
  EXPECT_EQ(value["nodules"][0]["center_mm"], (std::vector<double>{0.1, 0.2, 0.3}));
  EXPECT_EQ(value["nodules"][0]["index"], (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(value["nodules"][0]["p_malignant"], 0.25);
  EXPECT_TRUE(value["candidates"][0]["p_malignant"].is_null());
}

TEST(ReportJson, SaysWhatTheNetworksWereComputedIn) {
  Report report = example();
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["options"]["precision"], "fp32");
  report.options.precision = Precision::kBf16;
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["options"]["precision"], "bf16");
}

TEST(ReportJson, LeavesCandidatesOutOnRequest) {
  EXPECT_FALSE(nlohmann::json::parse(to_json(example(), false)).contains("candidates"));
}

TEST(ReportJson, SurvivesTextThatIsNotUtf8) {
  Report report = example();
  report.series_uid = "1.2\xff";
  EXPECT_NO_THROW(nlohmann::json::parse(to_json(report)));
}

TEST(EnginesJson, HasEveryField) {
  EngineInfo engine;
  engine.name = "abacus";
  engine.artifact_format = "beads";
  engine.reason = "beads \xff lost";
  engine.devices = {"cpu"};
  engine.precisions = {{"cpu", {"fp32", "bf16"}}};
  const auto value = nlohmann::ordered_json::parse(to_json(std::vector<EngineInfo>{engine}));
  const nlohmann::ordered_json expected = {{{"name", "abacus"},
                                            {"artifact_format", "beads"},
                                            {"available", false},
                                            {"version", ""},
                                            {"library", ""},
                                            {"reason", "beads \xef\xbf\xbd lost"},
                                            {"devices", {"cpu"}},
                                            {"precisions", {{"cpu", {"fp32", "bf16"}}}}}};
  EXPECT_EQ(value, expected);
  EXPECT_EQ(to_json(std::vector<EngineInfo>()), "[]");
}

}  // namespace
}  // namespace lungrt
