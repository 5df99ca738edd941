// Calls every public function and constructor with null, zero, huge values, NaN and wrong sizes:
// each must throw Error and not crash. The functions are read from the headers.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "lungrt/compiled.h"
#include "lungrt/device.h"
#include "lungrt/engines.h"
#include "lungrt/error.h"
#include "lungrt/goldens.h"
#include "lungrt/layers.h"
#include "lungrt/log.h"
#include "lungrt/lung_field.h"
#include "lungrt/mask.h"
#include "lungrt/output_file.h"
#include "lungrt/precision.h"
#include "lungrt/process.h"
#include "lungrt/series.h"
#include "lungrt/verification.h"
#include "lungrt/version.h"
#include "lungrt/volume.h"
#include "native_bundle.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Whether a header documents that lungrt::Error is thrown but does not include its declaration, so
/// that a program which includes that header alone cannot catch it.
bool lacks_error(const std::string& header) {
  const std::regex documented(R"(///.*\bError\b.*\bk[A-Z])");
  return std::regex_search(header, documented) &&
         header.find("#include \"lungrt/error.h\"\n") == std::string::npos &&
         header.find("class LUNGRT_API Error ") == std::string::npos;
}

/// Names of the functions and classes that the headers declare, "engines", "Geometry", ...
std::set<std::string> public_names() {
  std::set<std::string> names;
  const std::regex exported(
      R"((?:class LUNGRT_API (\w+))|(?:\n\s*(?:static )?LUNGRT_API [^;{(]*?(\w+)\())");
  for (const auto& entry : std::filesystem::directory_iterator(PUBLIC_HEADERS)) {
    // c_api.h has a table of its own; the library of io.h is tested in lungrt_io_tests.
    if (entry.path().filename() == "c_api.h" || entry.path().filename() == "io.h") continue;
    const std::string header = text_of(entry.path());
    for (std::sregex_iterator it(header.begin(), header.end(), exported), end; it != end; ++it) {
      names.insert((*it)[1].matched ? (*it)[1] : (*it)[2]);
    }
  }
  return names;
}

class Misuse : public ::testing::Test {
 protected:
  using Call = std::function<void()>;

  Misuse() : bundle_(folder_) {}

  /// Invalid calls by the name of the function or class.
  std::map<std::string, std::vector<Call>> table();

  void geometry(std::vector<Call>& calls);
  void volumes(std::vector<Call>& calls);
  void masks(std::vector<Call>& calls);
  void pipelines(std::vector<Call>& calls);
  void networks(std::vector<Call>& calls);
  void layers(std::vector<Call>& calls);
  void series(std::vector<Call>& calls);
  void parts(std::vector<Call>& calls);

  TempFolder folder_;
  Chest chest_;
  NativeBundle bundle_;
};

std::vector<VolumeShape> impossible_shapes() {
  return {
      {}, {4, 4, 0}, {-1, 4, 4}, {4, kMost, 4}, {4, 4, kLeast}, {INT32_MAX, INT32_MAX, INT32_MAX}};
}

// What each class and function refuses, and with which message, its own tests say; here each
// meets one nonsense of every kind.

void Misuse::geometry(std::vector<Call>& calls) {
  const Matrix3 straight{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  calls = {
      [=] { Geometry({0, kInfinity, 0}, {1, 1, 1}, straight); },
      [=] { Geometry({}, {1, 0, 1}, straight); },
      [=] { Geometry({}, {1, 1, kNaN}, straight); },
      [] { Geometry({}, {1, 1, 1}, Matrix3{}); },
      [] { Geometry().to_index({kNaN, 0, 0}, InverseTransform::kBook); },
      [] { Geometry().to_index({0, 0, 1e300}, InverseTransform::kExact); },
  };
}

void Misuse::volumes(std::vector<Call>& calls) {
  const std::int16_t* hu = chest_.hu().data();
  calls.push_back([] { CtVolume(nullptr, {1, 1, 1}, {}, nullptr); });
  calls.push_back([] { CtVolume::converted<float>(nullptr, {1, 1, 1}, {}); });
  for (const VolumeShape& shape : impossible_shapes()) {
    calls.push_back([=] { CtVolume(hu, shape, {}, nullptr); });
  }
  calls.push_back([] { CtVolume::converted(&kNaN, {1, 1, 1}, {}); });
  calls.push_back([] { CtVolume::converted(&kMost, {1, 1, 1}, {}); });
}

void Misuse::masks(std::vector<Call>& calls) {
  for (const VolumeShape& shape : impossible_shapes()) {
    calls.push_back([=] { NoduleMask{shape}; });
    calls.push_back([=] {
      const std::uint8_t byte = 1;
      NoduleMask::from_bytes(&byte, shape);
    });
  }
  calls.push_back([] { NoduleMask::from_bytes(nullptr, {1, 1, 1}); });
  calls.push_back([] { NoduleMask({1, 1, 1}).to_bytes(nullptr); });
  for (const VoxelIndex& index : {VoxelIndex{1, 0, 0}, VoxelIndex{0, 0, 64}, VoxelIndex{0, 0, -1},
                                  VoxelIndex{kMost, kMost, kMost}, VoxelIndex{kLeast, 0, 0}}) {
    calls.push_back([=] { NoduleMask({1, 1, 1}).at(index); });
    calls.push_back([=] { NoduleMask().at(index); });
  }
}

void Misuse::pipelines(std::vector<Call>& calls) {
  for (const std::string& path : {std::string(), std::string("nowhere"), std::string("/dev/null"),
                                  std::string("a\0b", 3), std::string(100000, 'x')}) {
    calls.push_back([=] { Pipeline{path}; });
  }
  const auto open_with = [&](const std::function<void(PipelineOptions&)>& change) {
    calls.push_back([this, change] {
      PipelineOptions options;
      change(options);
      Pipeline(bundle_.path(), options);
    });
  };
  const std::string text = std::string(100000, 'x') + '\0';
  open_with([=](auto& o) { o.engine = text; });
  open_with([=](auto& o) { o.device = text; });
  open_with([=](auto& o) { o.precision = text; });
  open_with([=](auto& o) { o.profile = text; });
  open_with([=](auto& o) { o.geometry = text; });
  open_with([=](auto& o) { o.region = text; });
  open_with([=](auto& o) { o.voxel_order = text; });
  open_with([=](auto& o) { o.engine_options[text] = text; });
  for (const int threads : {-1, INT32_MIN, INT32_MAX}) {
    open_with([=](auto& o) { o.threads = threads; });
  }
  PipelineOptions of_book;
  of_book.profile = "book";
  const auto book = std::make_shared<Pipeline>(bundle_.path(), of_book);
  const CtVolume volume = chest_.volume();
  for (const double seconds : {kNaN, -1.0, -kInfinity}) {
    calls.push_back([=] {
      RunOptions options;
      options.max_seconds = seconds;
      book->run(volume, options);
    });
  }
  for (const std::int64_t limit : {std::int64_t{-1}, kLeast}) {
    calls.push_back([=] {
      RunOptions options;
      options.max_candidates = limit;
      book->segment(volume, options);
    });
    calls.push_back([=] {
      RunOptions options;
      options.max_memory_bytes = limit;
      book->classify(volume, {}, options);
    });
  }
  calls.push_back([=] { book->group(volume, NoduleMask()); });
  calls.push_back([=] { book->group(volume, NoduleMask({1, 1, 1})); });
  for (const std::int64_t place : {std::int64_t{-1}, std::int64_t{1000000}, kMost, kLeast}) {
    calls.push_back([=] {
      Candidate candidate;
      candidate.index = {place, 0, 0};
      book->classify(volume, {candidate});
    });
    calls.push_back([=] { book->segmentation_input(volume, place); });
    calls.push_back([=] { book->nodule_input(volume, {0, place, 0}); });
  }
  // Smaller than a crop, which profile "book" refuses.
  const std::int16_t voxel = 0;
  calls.push_back([=] { book->nodule_input(CtVolume(&voxel, {1, 1, 1}, {}, nullptr), {0, 0, 0}); });
}

void Misuse::networks(std::vector<Call>& calls) {
  const std::string path = bundle_.path();
  for (const std::string& stage : {std::string(), std::string("heart"), std::string(1000, 'x')}) {
    calls.push_back([=] { StageNetwork(path, stage); });
  }
  for (const int member : {-2, 1, INT32_MIN, INT32_MAX}) {
    calls.push_back([=] { StageNetwork(path, "nodule", {}, member); });
  }
  const auto slices = std::make_shared<StageNetwork>(path, "segmentation");
  const auto crops = std::make_shared<StageNetwork>(path, "nodule");
  const std::vector<std::vector<std::int64_t>> shapes{
      {}, {1, 3, 8, 7}, {-1, 3, 8, 8}, {1, 3, kMost, 8}, {1, 3, 1 << 30, 1 << 30}};
  for (const auto& shape : shapes) {
    const float value = 0.0F;
    calls.push_back([=] { slices->output_shape(shape); });
    calls.push_back([=] {
      float output = 0.0F;
      slices->run(&value, shape, &output);
    });
    calls.push_back([=] { crops->output_shape(shape); });
  }
  calls.push_back([=] {
    float output[64];
    slices->run(nullptr, {1, 3, 8, 8}, output);
  });
  calls.push_back([=] {
    const std::vector<float> input(3 * 64);
    slices->run(input.data(), {1, 3, 8, 8}, nullptr);
  });
}

void Misuse::layers(std::vector<Call>& calls) {
  const std::string path = bundle_.path();
  const float value = 0.0F;
  calls.push_back([=] { layer_outputs(path, "segmentation", nullptr, {3, 8, 8}); });
  calls.push_back([=] { layer_outputs("nowhere", "segmentation", &value, {3, 8, 8}); });
  calls.push_back([=] { layer_outputs(path, "", &value, {3, 8, 8}); });
  calls.push_back([=] { layer_outputs(path, "nodule", &value, {8, 8, 8}, {{"a", "b"}}); });
  calls.push_back([=] { layer_outputs(path, "nodule", &value, {8, 8, 8}, {}, 5); });
  const std::vector<std::vector<std::int64_t>> shapes{
      {}, {3, 7, 8}, {3, -8, 8}, {3, kMost, 8}, {3, 1 << 30, 1 << 30}};
  for (const auto& shape : shapes) {
    calls.push_back([=] { layer_outputs(path, "segmentation", &value, shape); });
    calls.push_back([=] { layer_outputs(path, "nodule", &value, shape); });
  }
}

void Misuse::parts(std::vector<Call>& calls) {
  calls.push_back([] { split_series({}); });
  calls.push_back([] { split_series({SliceHeader{}}); });
  calls.push_back([] { split_series(std::vector<SliceHeader>(3)); });
}

void Misuse::series(std::vector<Call>& calls) {
  calls.push_back([] { plan_series({}); });
  calls.push_back([] { plan_series({SliceHeader{}}); });
  calls.push_back([] { plan_series(std::vector<SliceHeader>(3), true); });
}

std::map<std::string, std::vector<Misuse::Call>> Misuse::table() {
  std::map<std::string, std::vector<Call>> all;
  geometry(all["Geometry"]);
  volumes(all["CtVolume"]);
  masks(all["NoduleMask"]);
  pipelines(all["Pipeline"]);
  networks(all["StageNetwork"]);
  layers(all["layer_outputs"]);
  series(all["plan_series"]);
  parts(all["split_series"]);
  all["erode"] = {[] { erode(NoduleMask()); }};
  for (const char* text :
       {"", "tpu", "cuda:", "cuda:-1", "cuda:99999999999999999999", "CPU", "auto"}) {
    all["parse_device"].push_back([=] { parse_device(text); });
    all["parse_precision"].push_back([=] { parse_precision(text); });
    all["set_engine_runtime_folder"].push_back([=] { set_engine_runtime_folder(text, "/"); });
    all["set_engine_library_folder"].push_back([=] { set_engine_library_folder(text, "/"); });
    all["check_headers_version"].push_back([=] { check_headers_version(text); });
  }
  for (const char* bundle : {"", "/nowhere", "/proc/self/mem"}) {
    all["check_bundle"].push_back([=] { check_bundle(bundle); });
    all["read_manifest"].push_back([=] { read_manifest(bundle); });
    all["listed_files"].push_back([=] { listed_files(bundle); });
    all["read_goldens"].push_back([=] { read_goldens(bundle); });
    all["compiled_folder"].push_back([=] { compiled_folder(bundle, "nodule", 0, {1, 1, 1}); });
    all["compiled_record"].push_back([=] { compiled_record(bundle, bundle, {}); });
    all["verify_bundle"].push_back([=] { verify_bundle(bundle); });
  }
  for (const int threads : {-1, INT32_MIN}) {
    all["verify_bundle"].push_back([=, this] {
      VerificationOptions options;
      options.threads = threads;
      verify_bundle(bundle_.path(), options);
    });
  }
  all["verify_bundle"].push_back([this] {
    VerificationOptions options;
    options.formats = {"pickle"};
    verify_bundle(bundle_.path(), options);
  });
  for (const std::int64_t size : {std::int64_t{0}, kLeast}) {
    all["compiled_folder"].push_back(
        [=, this] { compiled_folder(bundle_.path(), "segmentation", 0, {size, size}); });
  }
  all["compiled_folder"].push_back(
      [this] { compiled_folder(bundle_.path(), "segmentation", INT32_MIN, {8, 8}); });
  all["replay"].push_back([] { replay({}, {}, {}, false); });
  for (const std::int64_t size : {kLeast, std::int64_t{0}, std::int64_t{2}, kMost}) {
    const GoldenTensor odd{{size, 1, size}, {0.5F}};
    all["compare"].push_back([=] { compare(odd, odd, {}); });
    all["compare"].push_back([=] {
      ComparisonRule rule;
      rule.classes = size == 2 ? kMost : size;
      const GoldenTensor one{{1, rule.classes}, {0.5F}};
      compare(one, one, rule);
    });
  }
  for (const int threads : {-1, INT32_MIN, INT32_MAX}) {
    all["find_lung_field"].push_back([=, this] { find_lung_field(chest_.volume(), threads); });
  }
  for (const std::int16_t hu : {std::int16_t{-1000}, std::int16_t{0}, std::int16_t{32767}}) {
    all["find_lung_field"].push_back([=] {  // no lungs
      find_lung_field(CtVolume(&hu, {1, 1, 1}, {}, nullptr));
    });
  }
  for (const int level : {-1, 3, INT32_MAX}) {
    all["set_log_callback"].push_back([=] { set_log_callback({}, static_cast<LogLevel>(level)); });
  }
  for (const char* path : {"", "/", "/nowhere/file", "/proc/self"}) {
    all["OutputFile"].push_back([=] { OutputFile file(path); });
  }
  // Functions that cannot fail; see the test below.
  for (const char* name :
       {"Error", "available_threads", "engines", "failed", "label", "library_version", "to_csv",
        "to_json", "to_string", "tune_process_allocator"}) {
    all[name];
  }
  return all;
}

TEST(PublicHeaders, ThatThrowDeclareError) {
  std::size_t throwing = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PUBLIC_HEADERS)) {
    const std::string header = text_of(entry.path());
    EXPECT_FALSE(lacks_error(header)) << entry.path();
    throwing += header.find("#include \"lungrt/error.h\"\n") == std::string::npos ? 0 : 1;
  }
  EXPECT_GT(throwing, 10U);
  EXPECT_TRUE(lacks_error("#include \"lungrt/export.h\"\n/// \\throws Error kIo\nvoid f();\n"));
  EXPECT_FALSE(lacks_error("#include \"lungrt/error.h\"\n/// \\throws Error kIo\nvoid f();\n"));
  EXPECT_FALSE(lacks_error("#include \"lungrt/export.h\"\nvoid f();\n"));
}

TEST_F(Misuse, TableHoldsAllThatTheHeadersDeclare) {
  std::set<std::string> in_table;
  for (const auto& [name, calls] : table()) in_table.insert(name);
  EXPECT_EQ(in_table, public_names());
}

TEST_F(Misuse, IsAnErrorEach) {
  std::size_t count = 0;
  for (const auto& [name, calls] : table()) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      SCOPED_TRACE(name + " " + std::to_string(i));
      EXPECT_THROW(calls[i](), Error);
      ++count;
    }
  }
  EXPECT_GT(count, 150U);
}

TEST_F(Misuse, WhatCannotFailStandsNonsense) {
  EXPECT_STREQ(to_string(static_cast<ErrorCode>(99)), "Error");
  EXPECT_STRNE(to_string(static_cast<Precision>(99)), nullptr);
  EXPECT_FALSE(to_string(Device{static_cast<DeviceKind>(99), -5}).empty());
  EXPECT_GE(available_threads(), 1);
  EXPECT_FALSE(engines().empty());
  EXPECT_STRNE(library_version(), "");
  VerifiedGolden skipped;
  skipped.skipped = "not here";
  EXPECT_FALSE(skipped.failed());
  EXPECT_EQ(label(NoduleMask()).count, 0);
  EXPECT_EQ(NoduleMask().count(), 0);
  Report report;
  report.series_uid = "\xff\xfe";
  report.candidates.resize(1);
  report.candidates[0].p_nodule = kNaN;
  EXPECT_FALSE(to_json(report).empty());
  EXPECT_FALSE(to_csv(report, true).empty());
  const Error empty(ErrorCode::kIo, "");
  EXPECT_STREQ(empty.what(), "");
}

}  // namespace
}  // namespace lungrt
