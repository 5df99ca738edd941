// Calls every function of c_api.h with null, zero, huge values, NaN and wrong sizes: each must fail
// without a crash and, under sanitizers, without a leak. The functions are read from the header.

#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "c_api/c_api_test.h"
#include "c_api/versioned_struct.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHuge = std::numeric_limits<double>::max();

/// Names of all functions that the header declares.
std::set<std::string> declared_functions() {
  std::ifstream file(C_API_HEADER);
  std::stringstream text;
  text << file.rdbuf();
  const std::string header = text.str();
  const std::regex declaration(R"(LUNGRT_API[^;(]*?(lungrt_\w+)\()");
  std::set<std::string> names;
  for (std::sregex_iterator it(header.begin(), header.end(), declaration), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

/// An invalid call and the status that it must return.
struct Abuse {
  const char* what;
  lungrt_status expected;
  std::function<lungrt_status()> call;
};

class CApiAbuse : public CApiTest {
 protected:
  CApiAbuse() : pipeline_(pipeline()), volume_(volume()) {
    auto options = sized<lungrt_run_options>();
    options.keep_masks = 1;
    report_ = run(pipeline_, volume_, &options);
    bare_report_ = run(pipeline_, volume_);
  }

  /// Calls with a structure of the report that is null or has the wrong size.
  template <typename Struct, typename Call>
  static std::vector<Abuse> wrong_structs(const Call& call) {
    const auto with_size = [call](std::size_t size) {
      return [call, size] {
        Struct value{};
        value.struct_size = size;
        return call(&value);
      };
    };
    return {
        {"null structure", LUNGRT_INVALID_ARGUMENT,
         [call] { return call(static_cast<Struct*>(nullptr)); }},
        {"size 0", LUNGRT_INVALID_ARGUMENT, with_size(0)},
        {"size 1", LUNGRT_INVALID_ARGUMENT, with_size(1)},
        {"too small", LUNGRT_INVALID_ARGUMENT, with_size(c_api::kFirstSize<Struct> - 1)},
        {"too large", LUNGRT_UNSUPPORTED_VERSION, with_size(sizeof(Struct) + 1)},
        {"huge", LUNGRT_UNSUPPORTED_VERSION, with_size(SIZE_MAX)},
    };
  }

  /// Calls with a description of a volume that was changed.
  Abuse with_description(const char* what, lungrt_status expected,
                         std::function<void(lungrt_volume_description&)> change) const {
    return {what, expected, [this, change] {
              lungrt_volume_description given = description();
              change(given);
              lungrt_volume* made = nullptr;
              const lungrt_status status = lungrt_volume_create(&given, &made);
              EXPECT_EQ(made, nullptr);
              return status;
            }};
  }
  Abuse with_options(const char* what, lungrt_status expected,
                     std::function<void(lungrt_pipeline_options&)> change) const {
    return {what, expected, [this, change] {
              auto options = sized<lungrt_pipeline_options>();
              change(options);
              lungrt_pipeline* opened = nullptr;
              const lungrt_status status =
                  lungrt_pipeline_open(bundle_.path().c_str(), &options, &opened);
              EXPECT_EQ(opened, nullptr);
              return status;
            }};
  }
  Abuse with_run_options(const char* what, lungrt_status expected,
                         std::function<void(lungrt_run_options&)> change) const {
    return {what, expected, [this, change] {
              auto options = sized<lungrt_run_options>();
              change(options);
              lungrt_report* report = nullptr;
              const lungrt_status status =
                  lungrt_pipeline_run(pipeline_.get(), volume_.get(), &options, &report);
              EXPECT_EQ(report, nullptr);
              return status;
            }};
  }
  /// A handle of another kind, which languages without static types can pass easily.
  template <typename Handle>
  const Handle* wrong_handle() const {
    return reinterpret_cast<const Handle*>(std::is_same_v<Handle, lungrt_volume>
                                               ? static_cast<const void*>(pipeline_.get())
                                               : static_cast<const void*>(volume_.get()));
  }

  std::vector<Abuse> of_volume_create() const {
    const auto bad = LUNGRT_BAD_VOLUME, invalid = LUNGRT_INVALID_ARGUMENT;
    std::vector<Abuse> all = wrong_structs<lungrt_volume_description>([](auto* given) {
      lungrt_volume* made = nullptr;
      return lungrt_volume_create(given, &made);
    });
    const auto add = [&](auto... abuse) { all.push_back(with_description(abuse...)); };
    all.push_back({"null volume", invalid, [this] {
                     const lungrt_volume_description given = description();
                     return lungrt_volume_create(&given, nullptr);
                   }});
    add("null voxels", invalid, [](auto& d) { d.voxels = nullptr; });
    add("misaligned", invalid, [](auto& d) { d.voxels = static_cast<const char*>(d.voxels) + 1; });
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, SIZE_MAX}) {
      add("wrong size", invalid, [size](auto& d) { d.voxels_size = size; });
    }
    add("a byte less", invalid, [](auto& d) { --d.voxels_size; });
    add("a byte more", invalid, [](auto& d) { ++d.voxels_size; });
    for (const std::int32_t value : {-1, 9, INT32_MIN, INT32_MAX}) {
      add("no such type", invalid, [value](auto& d) { d.voxel_type = value; });
      add("no such ownership", invalid, [value](auto& d) { d.ownership = value; });
    }
    add("borrowed floats", invalid, [](auto& d) {
      d.voxel_type = LUNGRT_FLOAT32;
      d.ownership = LUNGRT_BORROW;
    });
    // The volume's own tests have the rest: here each field is seen to arrive.
    add("axis", bad, [](auto& d) { d.shape[1] = 0; });
    add("axes whose product is huge", bad,
        [](auto& d) { std::fill(d.shape, d.shape + 3, INT32_MAX); });
    add("origin", bad, [](auto& d) { d.origin_mm[0] = kNaN; });
    add("spacing", bad, [](auto& d) { d.spacing_mm[2] = kInfinity; });
    add("direction", bad, [](auto& d) { d.direction[8] = kHuge; });
    add("no direction", bad, [](auto& d) { std::fill(d.direction, d.direction + 9, 0.0); });
    static const std::vector<float> beyond(Chest::kShape.voxels(), 32768.0F);
    add("voxels", bad, [](auto& d) {
      d.voxels = beyond.data();
      d.voxels_size = beyond.size() * sizeof(float);
      d.voxel_type = LUNGRT_FLOAT32;
    });
    return all;
  }

  std::vector<Abuse> of_pipeline_open() const {
    const auto invalid = LUNGRT_INVALID_ARGUMENT;
    const std::string bundle = bundle_.path();
    std::vector<Abuse> all = wrong_structs<lungrt_pipeline_options>([bundle](auto* options) {
      lungrt_pipeline* opened = nullptr;
      // Null options are valid, so a null bundle takes the place of the null structure.
      return lungrt_pipeline_open(options == nullptr ? nullptr : bundle.c_str(), options, &opened);
    });
    all.push_back({"null pipeline", invalid,
                   [bundle] { return lungrt_pipeline_open(bundle.c_str(), nullptr, nullptr); }});
    const auto add_path = [&](const std::string& path, lungrt_status expected) {
      all.push_back({"no bundle", expected, [path] {
                       lungrt_pipeline* opened = nullptr;
                       return lungrt_pipeline_open(path.c_str(), nullptr, &opened);
                     }});
    };
    add_path("", LUNGRT_IO);
    add_path("nowhere", LUNGRT_IO);
    add_path(std::string(100000, 'x'), LUNGRT_IO);
    add_path("/dev/null", LUNGRT_BAD_BUNDLE);
    const auto add = [&](auto... abuse) { all.push_back(with_options(abuse...)); };
    add("engine", invalid, [](auto& o) { o.engine = "%s%n"; });
    add("device", invalid, [](auto& o) { o.device = ""; });
    add("precision", invalid, [](auto& o) { o.precision = "\xff\xfe"; });
    add("profile", invalid, [](auto& o) { o.profile = "no such thing"; });
    add("geometry", invalid, [](auto& o) { o.geometry = "flat"; });
    add("region", invalid, [](auto& o) { o.region = "heart"; });
    add("voxel order", invalid, [](auto& o) { o.voxel_order = "RAS"; });
    add("device number", LUNGRT_DEVICE_UNAVAILABLE, [](auto& o) { o.device = "cuda:2147483647"; });
    for (const std::int32_t value : {-1, 3, INT32_MIN, INT32_MAX}) {
      add("merge_marks", invalid, [=](auto& o) { o.merge_marks = value; });
      add("skip_hashes", invalid, [=](auto& o) { o.skip_hashes = value; });
    }
    for (const std::int32_t value : {-1, INT32_MIN, INT32_MAX}) {
      add("threads", invalid, [=](auto& o) { o.threads = value; });
    }
    add("options that are not there", invalid, [](auto& o) { o.engine_option_count = 1; });
    static const lungrt_engine_option nothing{nullptr, nullptr}, unnamed{nullptr, "direct"},
        empty{"kernels", nullptr}, unknown{"colour", "red"};
    add("too many options", invalid, [](auto& o) {
      o.engine_options = &unknown;
      o.engine_option_count = SIZE_MAX;
    });
    for (const lungrt_engine_option* option : {&nothing, &unnamed, &empty, &unknown}) {
      add("option", invalid, [=](auto& o) {
        o.engine_options = option;
        o.engine_option_count = 1;
      });
    }
    return all;
  }

  std::vector<Abuse> of_pipeline_run() const {
    const auto invalid = LUNGRT_INVALID_ARGUMENT;
    const auto run_with = [](const lungrt_pipeline* pipeline, const lungrt_volume* volume) {
      return [=] {
        lungrt_report* report = nullptr;
        return lungrt_pipeline_run(pipeline, volume, nullptr, &report);
      };
    };
    std::vector<Abuse> all{
        {"null pipeline", invalid, run_with(nullptr, volume_.get())},
        {"null volume", invalid, run_with(pipeline_.get(), nullptr)},
        {"wrong pipeline", invalid, run_with(wrong_handle<lungrt_pipeline>(), volume_.get())},
        {"wrong volume", invalid, run_with(pipeline_.get(), wrong_handle<lungrt_volume>())},
        {"null report", invalid,
         [this] { return lungrt_pipeline_run(pipeline_.get(), volume_.get(), nullptr, nullptr); }},
    };
    for (Abuse& abuse : wrong_structs<lungrt_run_options>([this](auto* options) {
           lungrt_report* report = nullptr;
           // Null options are valid, so a null pipeline takes the place of the null structure.
           return lungrt_pipeline_run(options == nullptr ? nullptr : pipeline_.get(), volume_.get(),
                                      options, &report);
         })) {
      all.push_back(std::move(abuse));
    }
    const auto add = [&](auto... abuse) { all.push_back(with_run_options(abuse...)); };
    for (const std::int64_t value : {std::int64_t{-1}, INT64_MIN}) {
      add("max_candidates", invalid, [=](auto& o) { o.max_candidates = value; });
      add("max_memory_bytes", invalid, [=](auto& o) { o.max_memory_bytes = value; });
    }
    for (const double value : {kNaN, -1.0, -kInfinity, -kHuge}) {
      add("max_seconds", invalid, [=](auto& o) { o.max_seconds = value; });
    }
    for (const std::int32_t value : {-1, 2, INT32_MIN, INT32_MAX}) {
      add("keep_masks", invalid, [=](auto& o) { o.keep_masks = value; });
    }
    add("hardly any memory", LUNGRT_RESOURCE_LIMIT, [](auto& o) { o.max_memory_bytes = 1; });
    add("hardly any time", LUNGRT_RESOURCE_LIMIT,
        [](auto& o) { o.max_seconds = std::numeric_limits<double>::denorm_min(); });
    return all;
  }

  /// Invalid calls of a function whose only handle is a report.
  static void add_handles(std::vector<Abuse>& all, const lungrt_report* wrong,
                          const std::function<lungrt_status(const lungrt_report*)>& call) {
    all.push_back({"null report", LUNGRT_INVALID_ARGUMENT, [call] { return call(nullptr); }});
    all.push_back({"wrong handle", LUNGRT_INVALID_ARGUMENT, [call, wrong] { return call(wrong); }});
  }

  template <typename Struct>
  std::vector<Abuse> of_struct(lungrt_status (*function)(const lungrt_report*, Struct*)) const {
    const lungrt_report* report = report_.get();
    auto all = wrong_structs<Struct>([=](Struct* place) { return function(report, place); });
    add_handles(all, wrong_handle<lungrt_report>(), [=](const lungrt_report* given) {
      auto value = sized<Struct>();
      return function(given, &value);
    });
    return all;
  }

  std::vector<Abuse> of_finding(lungrt_status (*function)(const lungrt_report*, std::size_t,
                                                          lungrt_finding*)) const {
    const lungrt_report* report = report_.get();
    auto all = wrong_structs<lungrt_finding>(
        [=](lungrt_finding* place) { return function(report, 0, place); });
    add_handles(all, wrong_handle<lungrt_report>(), [=](const lungrt_report* given) {
      auto value = sized<lungrt_finding>();
      return function(given, 0, &value);
    });
    for (const std::size_t number : {std::size_t{1000000}, SIZE_MAX}) {
      all.push_back({"no such number", LUNGRT_INVALID_ARGUMENT, [=] {
                       auto value = sized<lungrt_finding>();
                       return function(report, number, &value);
                     }});
    }
    return all;
  }

  std::map<std::string, std::vector<Abuse>> table() const;

  PipelineHandle pipeline_;
  VolumeHandle volume_;
  ReportHandle report_, bare_report_;
};

std::map<std::string, std::vector<Abuse>> CApiAbuse::table() const {
  const auto invalid = LUNGRT_INVALID_ARGUMENT;
  const lungrt_report *report = report_.get(), *bare = bare_report_.get();
  const lungrt_report* wrong = wrong_handle<lungrt_report>();
  const auto voxels = static_cast<std::size_t>(Chest::kShape.voxels());
  const auto bytes = std::make_shared<std::vector<std::uint8_t>>(voxels);
  const auto labels = std::make_shared<std::vector<std::int32_t>>(voxels);
  static const std::int64_t* marks;
  static const char* text;
  static char* caller_text;
  static std::size_t count;
  static double seconds;

  std::map<std::string, std::vector<Abuse>> all;
  // Functions that return no status must not crash either, see below.
  for (const char* name :
       {"lungrt_c_abi_version", "lungrt_version", "lungrt_status_name", "lungrt_last_error",
        "lungrt_text_free", "lungrt_volume_free", "lungrt_pipeline_free", "lungrt_report_free"}) {
    all[name];
  }
  for (const std::uint32_t version : {0U, LUNGRT_C_ABI_VERSION + 1U, UINT32_MAX}) {
    all["lungrt_check_c_abi"].push_back(
        {"version", LUNGRT_UNSUPPORTED_VERSION, [=] { return lungrt_check_c_abi(version); }});
  }
  for (const std::int32_t level : {-1, 3, INT32_MIN, INT32_MAX}) {
    all["lungrt_set_log"].push_back(
        {"level", invalid, [=] { return lungrt_set_log(nullptr, nullptr, level); }});
  }
  all["lungrt_engines_json"] = {{"null", invalid, [] { return lungrt_engines_json(nullptr); }}};
  all["lungrt_set_engine_runtime_folder"] = {
      {"null engine", invalid, [] { return lungrt_set_engine_runtime_folder(nullptr, "/"); }},
      {"null folder", invalid,
       [] { return lungrt_set_engine_runtime_folder("torchscript", nullptr); }},
      {"no such engine", invalid, [] { return lungrt_set_engine_runtime_folder("", "/"); }},
  };
  all["lungrt_volume_create"] = of_volume_create();
  all["lungrt_pipeline_open"] = of_pipeline_open();
  all["lungrt_pipeline_run"] = of_pipeline_run();
  all["lungrt_pipeline_describe"] = wrong_structs<lungrt_pipeline_info>(
      [this](auto* info) { return lungrt_pipeline_describe(pipeline_.get(), info); });
  for (const lungrt_pipeline* given :
       {static_cast<const lungrt_pipeline*>(nullptr), wrong_handle<lungrt_pipeline>()}) {
    all["lungrt_pipeline_describe"].push_back({"handle", invalid, [=] {
                                                 auto info = sized<lungrt_pipeline_info>();
                                                 return lungrt_pipeline_describe(given, &info);
                                               }});
  }
  all["lungrt_report_summarise"] = of_struct(&lungrt_report_summarise);
  all["lungrt_report_provenance"] = of_struct(&lungrt_report_provenance);
  all["lungrt_report_nodule"] = of_finding(&lungrt_report_nodule);
  all["lungrt_report_candidate"] = of_finding(&lungrt_report_candidate);

  auto& of_marks = all["lungrt_report_marks"];
  of_marks = {
      {"null marks", invalid, [=] { return lungrt_report_marks(report, 0, nullptr, &count); }},
      {"null count", invalid, [=] { return lungrt_report_marks(report, 0, &marks, nullptr); }},
      {"number", invalid, [=] { return lungrt_report_marks(report, SIZE_MAX, &marks, &count); }},
  };
  add_handles(of_marks, wrong, [](auto* r) { return lungrt_report_marks(r, 0, &marks, &count); });

  auto& of_checkpoint = all["lungrt_report_checkpoint_sha256"];
  of_checkpoint = {
      {"null stage", invalid,
       [=] { return lungrt_report_checkpoint_sha256(report, nullptr, 0, &text); }},
      {"no such stage", invalid,
       [=] { return lungrt_report_checkpoint_sha256(report, "heart", 0, &text); }},
      {"no such member", invalid,
       [=] { return lungrt_report_checkpoint_sha256(report, "nodule", SIZE_MAX, &text); }},
      {"null text", invalid,
       [=] { return lungrt_report_checkpoint_sha256(report, "nodule", 0, nullptr); }},
  };
  add_handles(of_checkpoint, wrong,
              [](auto* r) { return lungrt_report_checkpoint_sha256(r, "nodule", 0, &text); });

  auto& of_note = all["lungrt_report_note"];
  of_note = {
      {"number", invalid, [=] { return lungrt_report_note(report, SIZE_MAX, &text); }},
      {"null text", invalid, [=] { return lungrt_report_note(report, 0, nullptr); }},
  };
  add_handles(of_note, wrong, [](auto* r) { return lungrt_report_note(r, 0, &text); });

  auto& of_seconds = all["lungrt_report_seconds"];
  of_seconds = {
      {"null part", invalid, [=] { return lungrt_report_seconds(report, nullptr, &seconds); }},
      {"no such part", invalid, [=] { return lungrt_report_seconds(report, "", &seconds); }},
      {"null seconds", invalid, [=] { return lungrt_report_seconds(report, "total", nullptr); }},
  };
  add_handles(of_seconds, wrong,
              [](auto* r) { return lungrt_report_seconds(r, "total", &seconds); });

  auto& of_json = all["lungrt_report_json"];
  of_json = {{"null text", invalid, [=] { return lungrt_report_json(report, 1, nullptr); }}};
  for (const std::int32_t flag : {-1, 2, INT32_MIN, INT32_MAX}) {
    of_json.push_back(
        {"flag", invalid, [=] { return lungrt_report_json(report, flag, &caller_text); }});
  }
  add_handles(of_json, wrong, [](auto* r) { return lungrt_report_json(r, 1, &caller_text); });

  auto& of_mask = all["lungrt_report_mask"];
  auto& of_labels = all["lungrt_report_labels"];
  for (const std::int32_t which : {-1, 3, INT32_MIN, INT32_MAX}) {
    of_mask.push_back({"which", invalid,
                       [=] { return lungrt_report_mask(report, which, bytes->data(), voxels); }});
  }
  for (const std::size_t size : {std::size_t{0}, voxels - 1, voxels + 1, SIZE_MAX}) {
    of_mask.push_back(
        {"size", invalid, [=] { return lungrt_report_mask(report, 0, bytes->data(), size); }});
    of_labels.push_back(
        {"count", invalid, [=] { return lungrt_report_labels(report, labels->data(), size); }});
  }
  of_mask.push_back(
      {"null", invalid, [=] { return lungrt_report_mask(report, 0, nullptr, voxels); }});
  of_labels.push_back(
      {"null", invalid, [=] { return lungrt_report_labels(report, nullptr, voxels); }});
  of_mask.push_back(
      {"not kept", invalid, [=] { return lungrt_report_mask(bare, 0, bytes->data(), voxels); }});
  of_labels.push_back(
      {"not kept", invalid, [=] { return lungrt_report_labels(bare, labels->data(), voxels); }});
  add_handles(of_mask, wrong,
              [=](auto* r) { return lungrt_report_mask(r, 0, bytes->data(), voxels); });
  add_handles(of_labels, wrong,
              [=](auto* r) { return lungrt_report_labels(r, labels->data(), voxels); });
  return all;
}

TEST_F(CApiAbuse, KnowsEveryFunctionOfTheHeader) {
  std::set<std::string> in_table;
  for (const auto& [name, abuses] : table()) in_table.insert(name);
  const std::set<std::string> declared = declared_functions();
  EXPECT_GT(declared.size(), 20U);
  EXPECT_EQ(in_table, declared);
}

TEST_F(CApiAbuse, GivesAStatusAndAText) {
  std::size_t count = 0;
  for (const auto& [name, abuses] : table()) {
    for (const Abuse& abuse : abuses) {
      SCOPED_TRACE(name + ": " + abuse.what);
      const lungrt_status status = abuse.call();
      EXPECT_STREQ(lungrt_status_name(status), lungrt_status_name(abuse.expected))
          << lungrt_last_error();
      const std::string text = lungrt_last_error();
      EXPECT_EQ(text.rfind(name + ": ", 0), 0U) << text;  // it names the function
      EXPECT_GT(text.size(), name.size() + 10);
      ++count;
    }
  }
  EXPECT_GT(count, 150U);
  // None of it harmed the existing objects.
  EXPECT_NE(run(pipeline_, volume_), nullptr);
}

TEST_F(CApiAbuse, WhatGivesNoStatusStandsItToo) {
  lungrt_text_free(nullptr);
  lungrt_volume_free(nullptr);
  lungrt_pipeline_free(nullptr);
  lungrt_report_free(nullptr);
  // Freeing a handle as another kind does nothing: it can still be used and freed.
  lungrt_volume_free(reinterpret_cast<lungrt_volume*>(pipeline_.get()));
  lungrt_report_free(reinterpret_cast<lungrt_report*>(volume_.get()));
  lungrt_pipeline_free(reinterpret_cast<lungrt_pipeline*>(report_.get()));
  EXPECT_NE(run(pipeline_, volume_), nullptr);
  for (const lungrt_status status : {-1, 13, 99, INT32_MIN, INT32_MAX}) {
    EXPECT_STREQ(lungrt_status_name(status), "Unknown");
  }
  std::set<std::string> names;
  for (lungrt_status status = 0; status <= LUNGRT_INTERNAL; ++status) {
    names.insert(lungrt_status_name(status));
  }
  EXPECT_EQ(names.size(), 15U);  // 14 statuses, and Unknown
}

TEST_F(CApiAbuse, AFailureLeavesThePlaceOfAResultAlone) {
  auto finding = sized<lungrt_finding>();
  finding.p_nodule = 0.25;
  EXPECT_STATUS(LUNGRT_INVALID_ARGUMENT, lungrt_report_nodule(report_.get(), SIZE_MAX, &finding));
  EXPECT_EQ(finding.p_nodule, 0.25);
  double seconds = 0.25;
  EXPECT_STATUS(LUNGRT_INVALID_ARGUMENT, lungrt_report_seconds(report_.get(), "x", &seconds));
  EXPECT_EQ(seconds, 0.25);
}

TEST_F(CApiAbuse, HugeLimitsAreNone) {
  auto options = sized<lungrt_run_options>();
  options.max_candidates = INT64_MAX;
  options.max_memory_bytes = INT64_MAX;
  for (const double seconds : {kHuge, kInfinity}) {
    options.max_seconds = seconds;
    EXPECT_NE(run(pipeline_, volume_, &options), nullptr);
  }
}

}  // namespace
}  // namespace lungrt
