#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <new>
#include <vector>

#include "core/bundle/example_manifest.h"
#include "core/bundle/sha256.h"
#include "expect_error.h"
#include "lungrt/pipeline.h"
#include "lungrt/stage_network.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using nlohmann::json;
using testing::expect_error;

/// A bundle whose networks the test engine runs: each output is the mean of its item's input. HU 1
/// is probability 0.01 everywhere.
class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() : hu_(static_cast<std::size_t>(shape_.voxels()), 90) {
    hu_[26] = -400;  // as much air as makes it a CT
    std::filesystem::copy_file(ENGINE_GOOD, folder_.path() / "liblungrt_torchscript.so");
    setenv("LUNGRT_ENGINE_PATH", folder_.path().c_str(), 1);
    folder_.write("bundle/model.fake", "weights");
    manifest_ = testing::example_manifest();
    for (auto& [name, stage] : manifest_["stages"].items()) {
      stage["networks"] = json::array({stage["networks"][0]});
      stage["networks"][0]["artifacts"] = {
          {"fake", {{"file", "model.fake"}, {"sha256", sha256("weights", 7)}, {"bytes", 7}}}};
      stage["input"]["scale"] = 0.01;
      stage["input"]["offset"] = 0.0;
      stage["output"]["kind"] = "probability";
      if (name == "segmentation") continue;
      stage["input"]["crop"] = {2, 2, 2};
      stage["input"]["shape"] = {"batch", 1, 2, 2, 2};
    }
  }
  ~PipelineTest() override { unsetenv("LUNGRT_ENGINE_PATH"); }

  std::string bundle() const {
    folder_.write("bundle/manifest.json", manifest_.dump());
    return (folder_.path() / "bundle").string();
  }
  CtVolume volume() const { return {hu_.data(), shape_, {}, nullptr}; }
  static PipelineOptions book() {
    PipelineOptions options;
    options.profile = "book";
    return options;
  }

  testing::TempFolder folder_;
  json manifest_;
  VolumeShape shape_{5, 6, 7};
  std::vector<std::int16_t> hu_;
};

TEST_F(PipelineTest, DiagnosesFromEndToEnd) {
  const Pipeline pipeline(bundle(), book());
  const Report report = pipeline.run(volume());
  ASSERT_EQ(report.candidates.size(), 1U);  // everything is nodule, except what the erosion removes
  EXPECT_EQ(report.mask_voxels, 3 * 4 * 5);
  EXPECT_EQ(report.candidates[0].index, (VoxelIndex{2, 2, 3}));
  EXPECT_NEAR(report.candidates[0].p_nodule, 0.9, 1e-6);
  ASSERT_EQ(report.nodules.size(), 1U);
  EXPECT_NEAR(report.nodules[0].p_malignant.value(), 0.9, 1e-6);
  EXPECT_EQ(report.provenance.engine_version, "fake 1.0");
  EXPECT_EQ(report.provenance.checkpoint_sha256.at("nodule").size(), 1U);
  for (const char* stage : {"segment", "group", "classify", "total"}) {
    EXPECT_EQ(report.timings_s.count(stage), 1U) << stage;
  }
}

TEST_F(PipelineTest, TakesThresholdsFromTheManifest) {
  manifest_["stages"]["nodule"]["threshold"] = 0.95;
  const Report report = Pipeline(bundle(), book()).run(volume());
  EXPECT_EQ(report.candidates.size(), 1U);
  EXPECT_TRUE(report.nodules.empty());
  EXPECT_FALSE(report.candidates[0].p_malignant.has_value());
}

TEST_F(PipelineTest, AutoTakesWhatIsThereAndSaysSo) {
  PipelineOptions options = book();
  options.device = "auto";
  const Report report = Pipeline(bundle(), options).run(volume());
  EXPECT_EQ(report.device, "cpu");
  EXPECT_EQ(report.engine, "torchscript");  // the bundle has no weights for the native engine
}

TEST_F(PipelineTest, RefusesWhatItCannotDo) {
  const std::string folder = bundle();
  const auto open_with = [&](auto change) {
    PipelineOptions options;
    change(options);
    return [options, folder] { Pipeline(folder, options); };
  };
  expect_error(ErrorCode::kDeviceUnavailable, {"cuda:0", "no CUDA device"},
               open_with([](auto& o) { o.device = "cuda:0"; }));
  expect_error(ErrorCode::kDeviceUnavailable, {"cuda:0", "finds 0"}, open_with([](auto& o) {
                 o.engine = "torchscript";
                 o.device = "cuda:0";
               }));
  expect_error(ErrorCode::kInvalidArgument, {"it knows the option flavour"},
               open_with([](auto& o) { o.engine_options["colour"] = "red"; }));
  expect_error(ErrorCode::kInvalidArgument, {"'tpu'"},
               open_with([](auto& o) { o.device = "tpu"; }));
  expect_error(ErrorCode::kInvalidArgument, {"unknown precision 'double'", "fp32, tf32"},
               open_with([](auto& o) { o.precision = "double"; }));
  expect_error(ErrorCode::kInvalidArgument,
               {"precision bf16 for this bundle on device cpu", "supports fp32 on cpu"},
               open_with([](auto& o) { o.precision = "bf16"; }));
  expect_error(ErrorCode::kInvalidArgument, {"engine torchscript supports fp32 on cpu"},
               open_with([](auto& o) {
                 o.engine = "torchscript";
                 o.precision = "tf32";
               }));
  expect_error(ErrorCode::kInvalidArgument, {"engine torchscript supports fp32 on cpu"}, [&] {
    PipelineOptions options;
    options.engine = "torchscript";
    options.precision = "int8";
    StageNetwork(folder, "nodule", options);
  });
  expect_error(ErrorCode::kInvalidArgument, {"'fast'", "book"},
               open_with([](auto& o) { o.profile = "fast"; }));
  expect_error(ErrorCode::kInvalidArgument, {"'flat'", "exact"},
               open_with([](auto& o) { o.geometry = "flat"; }));
  expect_error(ErrorCode::kInvalidArgument, {"threads"},
               open_with([](auto& o) { o.threads = -1; }));
}

TEST_F(PipelineTest, SaysWhichStageIsMissing) {
  manifest_["stages"].erase("nodule");
  manifest_["stages"].erase("malignancy");
  const Pipeline pipeline(bundle(), book());
  EXPECT_EQ(pipeline.segment(volume()).count(), shape_.voxels());
  expect_error(ErrorCode::kBadBundle, {"nodule", "segmentation"}, [&] { pipeline.run(volume()); });
}

TEST_F(PipelineTest, SaysWhichArtifactIsMissing) {
  auto& artifacts = manifest_["stages"]["nodule"]["networks"][0]["artifacts"];
  artifacts["onnx"] = artifacts["fake"];
  artifacts.erase("fake");
  PipelineOptions options;
  options.engine = "torchscript";
  expect_error(ErrorCode::kBadBundle, {"'fake'", "nodule", "onnx"},
               [&, folder = bundle()] { Pipeline(folder, options); });
  // With engine auto, the message says what each engine lacks.
  expect_error(ErrorCode::kEngineUnavailable,
               {"engine native: the bundle has no artifact 'safetensors'",
                "engine torchscript: the bundle has no artifact 'fake'",
                "engine onnxruntime is not installed"},
               [folder = bundle()] { Pipeline{folder}; });
}

TEST_F(PipelineTest, ReportsMemoryThatRanOut) {
  const Pipeline pipeline(bundle(), book());
  RunOptions options;
  options.progress = [](const char*, std::int64_t, std::int64_t) { throw std::bad_alloc(); };
  expect_error(ErrorCode::kOutOfMemory, {"5 x 6 x 7"}, [&] { pipeline.run(volume(), options); });
}

TEST_F(PipelineTest, ShowsWhatNetworksSee) {
  const Pipeline pipeline(bundle(), book());
  const NetworkInput slices = pipeline.segmentation_input(volume(), 0);
  EXPECT_EQ(slices.shape,
            (std::vector<std::int64_t>{7, 8 + 40, 8 + 40}));  // multiple of 4, halo 20
  const NetworkInput crop = pipeline.nodule_input(volume(), {1, 1, 1});
  EXPECT_EQ(crop.shape, (std::vector<std::int64_t>{2, 2, 2}));
  EXPECT_FLOAT_EQ(crop.values.front(), 0.9F);
  expect_error(ErrorCode::kInvalidArgument, {"no slice 5"},
               [&] { pipeline.segmentation_input(volume(), 5); });
}

TEST_F(PipelineTest, AStagesNetworkRunsAlone) {
  const StageNetwork network(bundle(), "nodule");
  const std::vector<float> input(5 * 8, 0.25F);  // 5 items: not a multiple of the engine's batch
  std::vector<float> output(5 * 2, -1.0F);
  network.run(input.data(), {5, 1, 2, 2, 2}, output.data());
  for (const float p : output) EXPECT_FLOAT_EQ(p, 0.25F);

  expect_error(ErrorCode::kInvalidArgument, {"[N, 1, 2, 2, 2]", "[1, 2]"},
               [&] { network.output_shape({1, 2}); });
  expect_error(ErrorCode::kInvalidArgument, {"'heart'"}, [&] { StageNetwork(bundle(), "heart"); });
  expect_error(ErrorCode::kInvalidArgument, {"has 1 network,", "member 3"},
               [&] { StageNetwork(bundle(), "nodule", {}, 3); });
  const StageNetwork slices(bundle(), "segmentation");
  EXPECT_EQ(slices.output_shape({2, 7, 44, 48}), (std::vector<std::int64_t>{2, 1, 4, 8}));
  expect_error(ErrorCode::kInvalidArgument, {"multiple of 4"},
               [&] { slices.output_shape({2, 7, 45, 48}); });
}

}  // namespace
}  // namespace lungrt
