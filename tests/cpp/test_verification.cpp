// Verification of bundles: whatever is wrong with a golden or an engine gives a failed result.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "core/bundle/bundle.h"
#include "core/bundle/example_manifest.h"
#include "core/bundle/sha256.h"
#include "expect_error.h"
#include "lungrt/compiled.h"
#include "lungrt/stage_network.h"
#include "lungrt/verification.h"
#include "native/weights_file.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A bundle of one small classifier with a golden of two crops.
class VerificationTest : public ::testing::Test {
 protected:
  VerificationTest() : manifest_(example_manifest()), weights_(small_classifier()) {
    nlohmann::json stage = manifest_["stages"]["nodule"];
    stage["input"]["crop"] = {8, 8, 8};
    stage["input"]["shape"] = {"batch", 1, 8, 8, 8};
    stage["output"]["kind"] = "probability";
    stage["networks"] = nlohmann::json::array({example_network("nodule")});
    manifest_["stages"] = {{"nodule", stage}};
    native::testing::Random random(7);
    input() = {{2, 1, 8, 8, 8}, random.values(2 * 8 * 8 * 8, -1.0F, 1.0F)};
    output() = {{2, 2}, std::vector<float>(4)};
    write();
    StageNetwork(path(), "nodule")
        .run(input().values.data(), input().shape, output().values.data());
  }

  static native::testing::WeightsFile small_classifier() {
    native::ClassifierOptions options;
    options.widths = {2, 3};
    options.crop = {8, 8, 8};
    return native::testing::classifier_file(options, 2);
  }

  std::string path() const { return (folder_.path() / "bundle").string(); }
  StoredTensor& input() { return golden_.content.tensors["input_0"]; }
  StoredTensor& output() { return golden_.content.tensors["output_0"]; }
  nlohmann::json& network() { return manifest_["stages"]["nodule"]["networks"][0]; }

  void write() { write(weights_.bytes()); }
  void write(const std::string& weights) {
    network()["artifacts"] = {{"safetensors", file("nodule/weights.safetensors", weights)}};
    network()["goldens"] =
        nlohmann::json::array({file("nodule/golden.safetensors", golden_.bytes())});
    write_manifest();
  }
  void write_manifest() const { folder_.write("bundle/manifest.json", manifest_.dump()); }

  /// The failed result of the native engine.
  VerifiedGolden failed_row() const {
    const std::vector<VerifiedGolden> rows = verify_bundle(path());
    EXPECT_EQ(rows.size(), 1);
    EXPECT_TRUE(rows.at(0).failed());
    return rows.at(0);
  }

  TempFolder folder_;
  nlohmann::json manifest_;
  native::testing::WeightsFile weights_, golden_;

 private:
  nlohmann::json file(const std::string& name, const std::string& content) const {
    folder_.write("bundle/" + name, content);
    return {{"file", name},
            {"sha256", sha256(content.data(), content.size())},
            {"bytes", content.size()},
            {"made_with", "a test"}};
  }
};

TEST_F(VerificationTest, InTolerance) {
  write();
  const std::vector<VerifiedGolden> rows = verify_bundle(path());
  ASSERT_EQ(rows.size(), 1);
  EXPECT_FALSE(rows[0].failed()) << rows[0].problem;
  ASSERT_TRUE(rows[0].comparison.has_value());
  EXPECT_EQ(rows[0].comparison->max_absolute, 0);
  EXPECT_EQ(rows[0].comparison->decisions, 2);
}

TEST_F(VerificationTest, OutOfTolerance) {
  output().values[3] += 0.002F;
  write();
  EXPECT_NEAR(failed_row().comparison->max_absolute, 0.002, 1e-6);
}

TEST_F(VerificationTest, GoldenThatIsNoNumber) {
  for (StoredTensor* tensor : {&input(), &output()}) {
    const StoredTensor good = *tensor;
    const std::string of = " of " + std::to_string(good.values.size()) + " values NaN or infinite";
    for (const float value : {kNan, kInfinity, -kInfinity}) {
      tensor->values[3] = value;
      write();
      EXPECT_EQ(failed_row().problem,
                "the golden has 1" + of + ", so nothing can be compared; export the bundle again");
    }
    *tensor = good;
  }
}

TEST_F(VerificationTest, EngineThatGivesNoNumbers) {
  weights_.content.tensors.at("head_linear.bias").values[0] = kNan;
  write();
  EXPECT_EQ(failed_row().problem, "the output has 4 of 4 values NaN or infinite");
}

TEST_F(VerificationTest, OutputOfAnotherShape) {
  output().shape = {4, 1};
  write();
  EXPECT_EQ(failed_row().problem, "output shape [2, 2], expected [4, 1]");
}

TEST_F(VerificationTest, InputThatTheNetworkDoesNotTake) {
  input() = {{1, 1, 8, 8, 7}, std::vector<float>(8 * 8 * 7)};
  write();
  EXPECT_EQ(failed_row().problem.rfind("failed: ", 0), 0);
}

TEST_F(VerificationTest, ArtifactThatCannotBeOpened) {
  write("hello");
  EXPECT_EQ(failed_row().problem.rfind("cannot be opened: ", 0), 0);
}

TEST_F(VerificationTest, GoldensThatAreNotThere) {
  golden_.content.tensors.erase("output_0");
  write();
  expect_error(ErrorCode::kBadBundle,
               {"golden.safetensors: expected the tensors input_0, output_0", "found input_0"},
               [&] { verify_bundle(path()); });
  network()["goldens"] = nlohmann::json::array();
  write_manifest();
  expect_error(ErrorCode::kBadBundle, {"network 0 of nodule has no goldens"},
               [&] { verify_bundle(path()); });
}

TEST_F(VerificationTest, FormatsThatAreNotThere) {
  VerificationOptions options;
  options.formats = {"onnx"};
  expect_error(ErrorCode::kInvalidArgument, {"format 'onnx': ", "has only safetensors"},
               [&] { verify_bundle(path(), options); });
  network()["artifacts"] = {{"newer", network()["artifacts"]["safetensors"]}};
  write_manifest();
  expect_error(ErrorCode::kEngineUnavailable, {"no available runtime runs its artifacts (newer)"},
               [&] { verify_bundle(path()); });
}

/// A runtime that gives what the golden says, changed.
VerificationRuntime runtime(const std::string& name, std::function<void(GoldenTensor&)> change) {
  VerificationRuntime result{name, "safetensors", "1.0", "", true, {}};
  result.open = [change](const GoldenNetwork& network) -> GoldenRun {
    const auto goldens = read_goldens(network.bundle + "/nodule/golden.safetensors");
    return [change, output = goldens.at(0).output](const GoldenTensor&) {
      GoldenTensor changed = output;
      change(changed);
      return changed;
    };
  };
  return result;
}

TEST_F(VerificationTest, RuntimesOfTheCaller) {
  VerificationOptions options;
  VerificationRuntime broken = runtime("broken", {});
  broken.open = [](const GoldenNetwork& network) -> GoldenRun {
    EXPECT_EQ(network.stage, "nodule");
    EXPECT_EQ(network.member, 0);
    EXPECT_NE(network.file.find("nodule/weights.safetensors"), std::string::npos);
    EXPECT_EQ(network.input_name, "crop");
    EXPECT_EQ(network.output_name, "logits");
    throw Error(ErrorCode::kIo, "no file");
  };
  VerificationRuntime missing = runtime("missing", {});
  missing.missing = "it is not installed";
  VerificationRuntime other = runtime("other", {});
  other.format = "onnx";
  std::vector<std::int64_t> steps;
  options.progress = [&](std::int64_t done, std::int64_t total) {
    steps.push_back(done);
    EXPECT_EQ(total, 4);
  };
  options.runtimes = {
      {runtime("same", [](GoldenTensor&) {}),
       runtime("throws", [](GoldenTensor&) { throw Error(ErrorCode::kInference, "boom"); }), broken,
       missing, other}};
  const std::vector<VerifiedGolden> rows = verify_bundle(path(), options);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].engine, "same");
  EXPECT_EQ(rows[0].version, "1.0");
  EXPECT_EQ(rows[0].golden, "golden 0");
  EXPECT_EQ(rows[0].absolute, 1e-3);
  EXPECT_FALSE(rows[0].failed());
  EXPECT_EQ(rows[1].problem, "failed: boom");
  EXPECT_EQ(rows[2].problem, "cannot be opened: no file");
  EXPECT_TRUE(rows[2].failed());
  EXPECT_EQ(rows[3].skipped, "it is not installed");
  EXPECT_FALSE(rows[3].failed());
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 2, 3, 4}));

  options.runtimes = {{missing, other}};
  expect_error(ErrorCode::kEngineUnavailable, {"(safetensors): it is not installed"},
               [&] { verify_bundle(path(), options); });
}

TEST_F(VerificationTest, OutputOutsideOfTheRuntimesContract) {
  VerificationOptions options;
  options.runtimes = {{runtime("flat", [](GoldenTensor& output) { output.shape = {4}; }),
                       runtime("short", [](GoldenTensor& output) { output.values.pop_back(); })}};
  const std::vector<VerifiedGolden> rows = verify_bundle(path(), options);
  EXPECT_EQ(rows[0].problem, "output shape [4], expected [2, 2]");
  EXPECT_NE(rows[1].problem.find("shape [2, 2] and 3 values"), std::string::npos);
}

TEST_F(VerificationTest, OtherExceptionsEndIt) {
  VerificationOptions options;
  options.runtimes = {{runtime("interrupted", [](GoldenTensor&) { throw std::bad_alloc(); })}};
  EXPECT_THROW(verify_bundle(path(), options), std::bad_alloc);
}

TEST_F(VerificationTest, CompiledNetworksTakePart) {
  setenv("XDG_CACHE_HOME", (folder_.path() / "cache").c_str(), 1);
  write();
  VerificationOptions options;
  VerificationRuntime compiled = runtime("compiled", [](GoldenTensor&) {});
  compiled.format = "aotinductor";
  std::vector<std::string> opened;
  compiled.open = [&, open = compiled.open](const GoldenNetwork& network) {
    opened.push_back(network.file);
    return open(network);
  };
  options.runtimes = {{compiled}};
  options.formats = {"aotinductor"};
  expect_error(ErrorCode::kInvalidArgument, {"has only safetensors"},
               [&] { verify_bundle(path(), options); });

  const std::filesystem::path folder = compiled_folder(path(), "nodule", 0, {8, 8, 8});
  const auto relative = std::filesystem::relative(folder, folder_.path());
  const Bundle bundle = Bundle::open(path());
  const BundleNetwork& network = bundle.required_stage(StageKind::kNodule).networks.front();
  folder_.write(relative / kCompiledCode, "code");
  folder_.write(relative / kCompiledGolden, golden_.bytes());
  folder_.write(relative / kCompiledRecord,
                compiled_record(path(), folder.string(),
                                {"nodule",
                                 0,
                                 "x",
                                 "y",
                                 {2, 1, 8, 8, 8},
                                 {2, 2},
                                 false,
                                 network.checkpoint_sha256,
                                 network.artifacts.at("safetensors").sha256}));
  const std::vector<VerifiedGolden> rows = verify_bundle(path(), options);
  ASSERT_EQ(rows.size(), 2U);  // the bundle's golden, and the one that was compiled with it
  for (const VerifiedGolden& row : rows) EXPECT_FALSE(row.failed()) << row.problem;
  EXPECT_EQ(opened, std::vector<std::string>{folder.parent_path().string()});

  // What is damaged in the cache concerns only those who use it.
  folder_.write(relative / kCompiledGolden, "damaged");
  options.runtimes = {{compiled, runtime("same", [](GoldenTensor&) {})}};
  options.formats = {};
  const std::vector<VerifiedGolden> damaged = verify_bundle(path(), options);
  ASSERT_EQ(damaged.size(), 2U);
  EXPECT_TRUE(damaged[0].failed());
  EXPECT_NE(damaged[0].problem.find("golden.safetensors is damaged"), std::string::npos);
  EXPECT_NE(damaged[0].problem.find("compile it again"), std::string::npos);
  EXPECT_EQ(damaged[0].engine, "compiled");
  EXPECT_FALSE(damaged[1].failed()) << damaged[1].problem;
  options.runtimes = {{runtime("same", [](GoldenTensor&) {})}};
  EXPECT_EQ(verify_bundle(path(), options).size(), 1U);
  unsetenv("XDG_CACHE_HOME");
}

TEST_F(VerificationTest, FailureIsOutOfToleranceOrOfTheRuntime) {
  VerifiedGolden row;
  row.absolute = 1e-3;
  EXPECT_TRUE(row.failed());
  row.comparison.emplace();
  row.comparison->max_absolute = 1e-3;
  row.comparison->flips = 3;
  EXPECT_FALSE(row.failed());
  row.comparison->flips_outside_band = 1;
  EXPECT_TRUE(row.failed());
  row.comparison->flips_outside_band = 0;
  row.comparison->max_absolute = 0.0011;
  EXPECT_TRUE(row.failed());
}

TEST_F(VerificationTest, Cancelled) {
  VerificationOptions options;
  options.cancelled = [] { return true; };
  expect_error(ErrorCode::kCancelled, {"cancelled while the goldens"},
               [&] { verify_bundle(path(), options); });
}

}  // namespace
}  // namespace lungrt
