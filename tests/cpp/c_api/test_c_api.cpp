// The C interface as a C++ program sees it: the same results as the C++ one, to the bit.

#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "c_api/c_api_test.h"
#include "c_api/versioned_struct.h"
#include "lungrt/report.h"
#include "lungrt/version.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

/// A report as JSON without what differs from run to run.
nlohmann::json comparable(const std::string& text) {
  nlohmann::json report = nlohmann::json::parse(text);
  report.erase("timings_s");
  return report;
}

std::string json_of(const ReportHandle& report, int with_candidates = 1) {
  char* text = nullptr;
  EXPECT_STATUS(LUNGRT_OK, lungrt_report_json(report.get(), with_candidates, &text));
  return CallerText(text).get();
}

void expect_same(const lungrt_finding& got, const Finding& expected) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    EXPECT_EQ(got.center_mm[axis], expected.center_mm[axis]);
    EXPECT_EQ(got.extent_mm[axis], expected.extent_mm[axis]);
  }
  EXPECT_EQ((VoxelIndex{got.index[0], got.index[1], got.index[2]}), expected.index);
  EXPECT_EQ((VoxelIndex{got.first[0], got.first[1], got.first[2]}), expected.box.first);
  EXPECT_EQ((VoxelIndex{got.last[0], got.last[1], got.last[2]}), expected.box.last);
  EXPECT_EQ(got.volume_mm3, expected.volume_mm3);
  EXPECT_EQ(got.diameter_mm, expected.diameter_mm);
  EXPECT_EQ(got.p_nodule, expected.p_nodule);
  EXPECT_EQ(got.has_p_malignant, expected.p_malignant ? 1 : 0);
  if (expected.p_malignant) {
    EXPECT_EQ(got.p_malignant, *expected.p_malignant);
  } else {
    EXPECT_TRUE(std::isnan(got.p_malignant));
  }
}

TEST_F(CApiTest, KnowsItsVersion) {
  EXPECT_EQ(lungrt_c_abi_version(), static_cast<std::uint32_t>(LUNGRT_C_ABI_VERSION));
  EXPECT_STATUS(LUNGRT_OK, LUNGRT_CHECK_C_ABI());
  EXPECT_STREQ(lungrt_version(), LUNGRT_VERSION);
}

TEST_F(CApiTest, GivesWhatTheCppInterfaceGivesToTheBit) {
  for (const char* profile : {"book", "lung"}) {
    PipelineOptions options;
    options.profile = profile;
    options.threads = 2;
    RunOptions keep;
    keep.keep_masks = true;
    const Report expected = Pipeline(bundle_.path(), options).run(chest_.volume(), keep);
    ASSERT_GT(expected.candidates.size(), 4U);
    ASSERT_GT(expected.nodules.size(), 1U);

    auto run_options = sized<lungrt_run_options>();
    run_options.keep_masks = 1;
    const ReportHandle report = run(pipeline(profile), volume(), &run_options);
    for (const int with : {0, 1}) {
      EXPECT_EQ(comparable(json_of(report, with)), comparable(to_json(expected, with == 1)));
    }

    auto summary = sized<lungrt_report_summary>();
    EXPECT_STATUS(LUNGRT_OK, lungrt_report_summarise(report.get(), &summary));
    ASSERT_EQ(summary.nodule_count, expected.nodules.size());
    ASSERT_EQ(summary.candidate_count, expected.candidates.size());
    EXPECT_EQ(summary.note_count, expected.provenance.notes.size());
    EXPECT_EQ(summary.mask_voxels, expected.mask_voxels);
    EXPECT_EQ((VolumeShape{summary.shape[0], summary.shape[1], summary.shape[2]}), expected.shape);
    EXPECT_EQ(summary.has_masks, 1);
    EXPECT_EQ(summary.has_lung_field, expected.lung_field ? 1 : 0);
    if (expected.lung_field) {
      EXPECT_EQ(summary.air_ml, expected.lung_field->air_ml);
      EXPECT_EQ(summary.field_ml, expected.lung_field->field_ml);
    }

    auto finding = sized<lungrt_finding>();
    for (std::size_t i = 0; i < expected.candidates.size(); ++i) {
      ASSERT_EQ(lungrt_report_candidate(report.get(), i, &finding), LUNGRT_OK);
      expect_same(finding, expected.candidates[i]);
      EXPECT_EQ(finding.mark_count, 0U);
    }
    for (std::size_t i = 0; i < expected.nodules.size(); ++i) {
      ASSERT_EQ(lungrt_report_nodule(report.get(), i, &finding), LUNGRT_OK);
      expect_same(finding, expected.nodules[i]);
      const std::int64_t* marks = nullptr;
      std::size_t count = 0;
      ASSERT_EQ(lungrt_report_marks(report.get(), i, &marks, &count), LUNGRT_OK);
      EXPECT_EQ(finding.mark_count, count);
      EXPECT_EQ(std::vector<std::int64_t>(marks, marks + count), expected.nodules[i].marks);
    }

    const auto voxels = static_cast<std::size_t>(expected.shape.voxels());
    std::vector<std::uint8_t> got(voxels), wanted(voxels);
    for (const auto& [which, mask] :
         {std::pair{LUNGRT_MASK_LUNG_FIELD, &expected.masks->lung_field},
          std::pair{LUNGRT_MASK_ABOVE, &expected.masks->mask},
          std::pair{LUNGRT_MASK_NODULES, &expected.masks->nodules}}) {
      EXPECT_STATUS(LUNGRT_OK, lungrt_report_mask(report.get(), which, got.data(), voxels));
      mask->to_bytes(wanted.data());
      EXPECT_EQ(got, wanted) << which;
    }
    std::vector<std::int32_t> labels(voxels);
    EXPECT_STATUS(LUNGRT_OK, lungrt_report_labels(report.get(), labels.data(), voxels));
    EXPECT_EQ(labels, expected.masks->labels.labels);
  }
}

TEST_F(CApiTest, TellsWhereNumbersCameFrom) {
  const PipelineHandle opened = pipeline("lung", 2);
  auto info = sized<lungrt_pipeline_info>();
  EXPECT_STATUS(LUNGRT_OK, lungrt_pipeline_describe(opened.get(), &info));
  EXPECT_STREQ(info.engine, "native");
  EXPECT_STREQ(info.device, "cpu");
  EXPECT_STREQ(info.profile, "lung");
  EXPECT_STREQ(info.precision, "fp32");
  EXPECT_EQ(info.threads, 2);

  const ReportHandle report = run(opened, volume());
  auto from = sized<lungrt_provenance>();
  EXPECT_STATUS(LUNGRT_OK, lungrt_report_provenance(report.get(), &from));
  EXPECT_STREQ(from.lungrt_version, LUNGRT_VERSION);
  EXPECT_EQ(std::strlen(from.bundle_sha256), 64U);
  EXPECT_STREQ(from.series_uid, "1.2.3");
  EXPECT_STREQ(from.geometry, "exact");
  EXPECT_STREQ(from.region, "lung");
  EXPECT_STREQ(from.engine, "native");
  EXPECT_EQ(from.merge_marks, 1);
  EXPECT_STREQ(from.voxel_order, "patient");
  EXPECT_GT(from.segmentation_threshold, 0.0);

  const char* sha256 = nullptr;
  EXPECT_STATUS(LUNGRT_OK, lungrt_report_checkpoint_sha256(report.get(), "nodule", 0, &sha256));
  EXPECT_EQ(std::string(sha256), std::string(64, 'b'));
  double seconds = -1.0;
  for (const char* part : {"find_lungs", "segment", "group", "classify", "total"}) {
    EXPECT_STATUS(LUNGRT_OK, lungrt_report_seconds(report.get(), part, &seconds));
    EXPECT_GE(seconds, 0.0);
  }
}

TEST_F(CApiTest, TakesAnOrderOfVoxels) {
  auto options = sized<lungrt_pipeline_options>();
  options.profile = "lung";
  options.voxel_order = "stored";
  lungrt_pipeline* opened = nullptr;
  ASSERT_EQ(lungrt_pipeline_open(bundle_.path().c_str(), &options, &opened), LUNGRT_OK);
  const ReportHandle report = run(PipelineHandle(opened), volume());
  auto from = sized<lungrt_provenance>();
  EXPECT_STATUS(LUNGRT_OK, lungrt_report_provenance(report.get(), &from));
  EXPECT_STREQ(from.voxel_order, "stored");

  // A program of an older header, whose structure ends before the order, gets the profile's.
  options.struct_size = c_api::kFirstSize<lungrt_pipeline_options>;
  ASSERT_EQ(lungrt_pipeline_open(bundle_.path().c_str(), &options, &opened), LUNGRT_OK);
  const ReportHandle older = run(PipelineHandle(opened), volume());
  EXPECT_STATUS(LUNGRT_OK, lungrt_report_provenance(older.get(), &from));
  EXPECT_STREQ(from.voxel_order, "patient");
}

TEST_F(CApiTest, TakesEveryTypeOfVoxel) {
  const nlohmann::json expected = comparable(json_of(run(pipeline(), volume())));
  const auto diagnose = [&]<typename T>(T, std::int32_t type) {
    std::vector<T> values(chest_.hu().begin(), chest_.hu().end());
    lungrt_volume_description given = description();
    given.voxels = values.data();
    given.voxels_size = values.size() * sizeof(T);
    given.voxel_type = type;
    const VolumeHandle made = volume(given);
    std::fill(values.begin(), values.end(), T{0});  // it was copied
    EXPECT_EQ(comparable(json_of(run(pipeline(), made))), expected) << type;
  };
  diagnose(std::int16_t{}, LUNGRT_INT16);
  diagnose(std::int32_t{}, LUNGRT_INT32);
  diagnose(std::int64_t{}, LUNGRT_INT64);
  diagnose(float{}, LUNGRT_FLOAT32);
  diagnose(double{}, LUNGRT_FLOAT64);
  // Types whose range is too small for a chest: one voxel shows that the right type is read.
  const auto one_voxel = [&]<typename T>(T value, std::int32_t type) {
    lungrt_volume_description given = description();
    given.voxels = &value;
    given.voxels_size = sizeof(T);
    given.voxel_type = type;
    for (auto& axis : given.shape) axis = 1;
    volume(given);
  };
  one_voxel(std::int8_t{-100}, LUNGRT_INT8);
  one_voxel(std::uint8_t{200}, LUNGRT_UINT8);
  one_voxel(std::uint16_t{32767}, LUNGRT_UINT16);
  one_voxel(std::uint32_t{32767}, LUNGRT_UINT32);
}

TEST_F(CApiTest, NotesTravelWithTheReport) {
  std::vector<float> values(chest_.hu().begin(), chest_.hu().end());
  values[7] += 0.25F;
  lungrt_volume_description given = description();
  given.voxels = values.data();
  given.voxels_size = values.size() * sizeof(float);
  given.voxel_type = LUNGRT_FLOAT32;
  const ReportHandle report = run(pipeline(), volume(given));
  const char* note = nullptr;
  EXPECT_STATUS(LUNGRT_OK, lungrt_report_note(report.get(), 0, &note));
  EXPECT_NE(std::string(note).find("was rounded"), std::string::npos);
}

TEST_F(CApiTest, BorrowsVoxelsWhereAsked) {
  std::vector<std::int16_t> values = chest_.hu();
  lungrt_volume_description given = description();
  given.voxels = values.data();
  given.ownership = LUNGRT_BORROW;
  const VolumeHandle borrowed = volume(given);
  const std::string before = json_of(run(pipeline("book"), borrowed));
  std::fill(values.begin(), values.end(), std::int16_t{-1000});
  EXPECT_NE(comparable(json_of(run(pipeline("book"), borrowed))), comparable(before));
}

TEST_F(CApiTest, ReportsOutliveWhatTheyWereMadeFrom) {
  PipelineHandle opened = pipeline();
  VolumeHandle made = volume();
  const ReportHandle report = run(opened, made);
  const std::string before = json_of(report);
  opened.reset();
  made.reset();
  EXPECT_EQ(json_of(report), before);
}

TEST_F(CApiTest, ReportsProgressAndIsCancelled) {
  struct Seen {
    std::vector<std::string> stages;
    std::thread::id thread;
    int asked = 0;
  } seen;
  auto options = sized<lungrt_run_options>();
  options.user = &seen;
  options.progress = [](void* user, const char* stage, std::int64_t done, std::int64_t total) {
    auto& own = *static_cast<Seen*>(user);
    EXPECT_LE(done, total);
    own.thread = std::this_thread::get_id();
    if (own.stages.empty() || own.stages.back() != stage) own.stages.emplace_back(stage);
  };
  options.cancel = [](void* user) {
    ++static_cast<Seen*>(user)->asked;
    return std::int32_t{0};
  };
  const PipelineHandle opened = pipeline("lung");
  const VolumeHandle made = volume();
  const nlohmann::json expected = comparable(json_of(run(opened, made, &options)));
  EXPECT_EQ(seen.stages,
            (std::vector<std::string>{"find lungs", "segment", "classify", "malignancy"}));
  EXPECT_EQ(seen.thread, std::this_thread::get_id());

  // Any number other than 0 cancels.
  for (const std::int32_t answer : {1, -1, INT32_MIN, INT32_MAX}) {
    auto cancelled = sized<lungrt_run_options>();
    std::int32_t value = answer;
    cancelled.user = &value;
    cancelled.cancel = [](void* user) { return *static_cast<std::int32_t*>(user); };
    auto* report = reinterpret_cast<lungrt_report*>(&value);
    EXPECT_STATUS(LUNGRT_CANCELLED,
                  lungrt_pipeline_run(opened.get(), made.get(), &cancelled, &report));
    EXPECT_EQ(report, nullptr);
  }
  EXPECT_EQ(comparable(json_of(run(opened, made))), expected);
}

TEST_F(CApiTest, WhatACallbackThrowsEndsTheRun) {
  const PipelineHandle opened = pipeline();
  const VolumeHandle made = volume();
  lungrt_report* report = nullptr;
  auto options = sized<lungrt_run_options>();
  options.progress = [](void*, const char*, std::int64_t, std::int64_t) {
    throw std::runtime_error("the window was closed");
  };
  EXPECT_STATUS(LUNGRT_CANCELLED, lungrt_pipeline_run(opened.get(), made.get(), &options, &report));
  EXPECT_NE(std::string(lungrt_last_error()).find("the window was closed"), std::string::npos);
  options.progress = nullptr;
  options.cancel = [](void*) -> std::int32_t { throw 42; };
  EXPECT_STATUS(LUNGRT_CANCELLED, lungrt_pipeline_run(opened.get(), made.get(), &options, &report));
  EXPECT_NE(std::string(lungrt_last_error()).find("cancel callback threw"), std::string::npos);
}

TEST_F(CApiTest, KeepsToLimits) {
  const PipelineHandle opened = pipeline();
  const VolumeHandle made = volume();
  const auto expect_limit = [&](auto change, const char* word) {
    auto options = sized<lungrt_run_options>();
    change(options);
    lungrt_report* report = nullptr;
    EXPECT_STATUS(LUNGRT_RESOURCE_LIMIT,
                  lungrt_pipeline_run(opened.get(), made.get(), &options, &report));
    EXPECT_NE(std::string(lungrt_last_error()).find(word), std::string::npos)
        << lungrt_last_error();
  };
  expect_limit([](auto& o) { o.max_candidates = 1; }, "max_candidates = 1");
  expect_limit([](auto& o) { o.max_seconds = 1e-9; }, "max_seconds");
  expect_limit([](auto& o) { o.max_memory_bytes = 1000; }, "max_memory_bytes = 1,000");
}

TEST_F(CApiTest, ErrorsAreEachThreadsOwn) {
  EXPECT_STATUS(LUNGRT_INVALID_ARGUMENT, lungrt_volume_create(nullptr, nullptr));
  const std::string own = lungrt_last_error();
  std::thread([&] {
    EXPECT_STREQ(lungrt_last_error(), "");
    EXPECT_STATUS(LUNGRT_UNSUPPORTED_VERSION, lungrt_check_c_abi(99));
    EXPECT_NE(std::string(lungrt_last_error()), own);
  }).join();
  EXPECT_EQ(lungrt_last_error(), own);
  EXPECT_STATUS(LUNGRT_OK, LUNGRT_CHECK_C_ABI());  // a successful call leaves the text unchanged
  EXPECT_EQ(lungrt_last_error(), own);
}

TEST_F(CApiTest, SixteenThreadsShareAPipelineAndAVolume) {
  const PipelineHandle opened = pipeline("lung", 1);
  const VolumeHandle made = volume();
  const nlohmann::json expected = comparable(json_of(run(opened, made)));
  std::atomic<int> same{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      if (t % 4 == 3) {  // some calls fail, and only their threads see it
        auto options = sized<lungrt_run_options>();
        options.cancel = [](void*) { return std::int32_t{1}; };
        lungrt_report* report = nullptr;
        EXPECT_STATUS(LUNGRT_CANCELLED,
                      lungrt_pipeline_run(opened.get(), made.get(), &options, &report));
        same += lungrt_last_error()[0] != '\0' ? 1 : 0;
        return;
      }
      const bool equal = comparable(json_of(run(opened, made))) == expected;
      same += equal && lungrt_last_error()[0] == '\0' ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, 16);
}

TEST_F(CApiTest, Logs) {
  struct Heard {
    std::mutex mutex;
    std::vector<std::string> messages;
  } heard;
  EXPECT_STATUS(LUNGRT_OK, lungrt_set_log(
                               [](void* user, std::int32_t level, const char* message) {
                                 auto& own = *static_cast<Heard*>(user);
                                 const std::lock_guard lock(own.mutex);
                                 EXPECT_GE(level, LUNGRT_LOG_INFO);
                                 own.messages.emplace_back(message);
                                 throw std::runtime_error("contained");
                               },
                               &heard, LUNGRT_LOG_INFO));
  run(pipeline(), volume());
  EXPECT_STATUS(LUNGRT_OK, lungrt_set_log(nullptr, nullptr, LUNGRT_LOG_INFO));
  const std::size_t count = heard.messages.size();
  EXPECT_GT(count, 4U);
  EXPECT_NE(heard.messages.front().find("native was chosen"), std::string::npos);
  run(pipeline(), volume());
  EXPECT_EQ(heard.messages.size(), count);
}

TEST_F(CApiTest, ListsEngines) {
  char* text = nullptr;
  ASSERT_EQ(lungrt_engines_json(&text), LUNGRT_OK);
  const auto engines = nlohmann::json::parse(CallerText(text).get());
  EXPECT_EQ(engines[0]["name"], "native");
  EXPECT_EQ(engines[0]["available"], true);
  EXPECT_EQ(engines[0]["precisions"]["cpu"][0], "fp32");
}

// The offsets that older programs were compiled with never change.
TEST(CApiLayout, IsWhatVersionOneHas) {
  static_assert(LUNGRT_C_ABI_VERSION == 1);
  EXPECT_EQ(sizeof(lungrt_volume_description), 184U);
  EXPECT_EQ(c_api::kFirstSize<lungrt_pipeline_options>, 88U);
  EXPECT_EQ(sizeof(lungrt_pipeline_info), 48U);
  EXPECT_EQ(sizeof(lungrt_run_options), 64U);
  EXPECT_EQ(sizeof(lungrt_finding), 176U);
  EXPECT_EQ(sizeof(lungrt_report_summary), 88U);
  EXPECT_EQ(c_api::kFirstSize<lungrt_provenance>, 128U);
}

}  // namespace
}  // namespace lungrt
