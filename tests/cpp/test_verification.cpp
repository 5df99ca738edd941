// Verification of bundles: whatever is wrong with a golden or an engine gives a failed result.

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "core/bundle/example_manifest.h"
#include "core/bundle/sha256.h"
#include "expect_error.h"
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
                "has 1" + of + ", so it cannot be compared; export the bundle again");
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
  EXPECT_NE(failed_row().problem.find("the shape of the engine's output differs"),
            std::string::npos);
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
               {"golden.safetensors: tensor input_0 has no values or no matching output_0"},
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
  expect_error(ErrorCode::kEngineUnavailable, {"no available engine runs its artifacts (newer)"},
               [&] { verify_bundle(path()); });
}

TEST_F(VerificationTest, Cancelled) {
  VerificationOptions options;
  options.cancelled = [] { return true; };
  expect_error(ErrorCode::kCancelled, {"cancelled while the goldens"},
               [&] { verify_bundle(path(), options); });
}

}  // namespace
}  // namespace lungrt
