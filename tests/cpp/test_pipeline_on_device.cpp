#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/bundle/example_manifest.h"
#include "core/bundle/sha256.h"
#include "expect_error.h"
#include "lungrt/pipeline.h"
#include "lungrt/stage_network.h"
#include "stored_orders.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using nlohmann::json;
using testing::expect_error;

/// The test engine returns the mean of each item's input, so that slices around a bright slice are
/// nodule and crops differ by location.
class OnDevice : public ::testing::Test {
 protected:
  OnDevice() : hu_(static_cast<std::size_t>(shape_.voxels())) {
    std::mt19937 random(17);
    for (auto& value : hu_) value = static_cast<std::int16_t>(40 + random() % 60);
    std::fill_n(hu_.begin(), 5, std::int16_t{-700});  // as much air as makes it a CT
    setenv("LUNGRT_ENGINE_PATH", folder_.path().c_str(), 1);
    folder_.write("bundle/model.fake", "weights");
    json manifest = testing::example_manifest();
    for (auto& [name, stage] : manifest["stages"].items()) {
      json network = stage["networks"][0];
      network["artifacts"] = {
          {"fake", {{"file", "model.fake"}, {"sha256", sha256("weights", 7)}, {"bytes", 7}}}};
      stage["networks"] = json::array({network});
      stage["input"]["scale"] = 0.01;
      stage["input"]["offset"] = 0.0;
      stage["output"]["kind"] = "probability";
      if (name == "segmentation") continue;
      stage["input"]["crop"] = {2, 2, 2};
      stage["input"]["shape"] = {"batch", 1, 2, 2, 2};
    }
    folder_.write("bundle/manifest.json", manifest.dump());
  }
  ~OnDevice() override { unsetenv("LUNGRT_ENGINE_PATH"); }

  void install(const char* name, const char* library) {
    std::filesystem::copy_file(library, folder_.path() / name);
  }
  Pipeline open(const std::string& device, const std::string& profile = "book") {
    PipelineOptions options;
    options.profile = profile;
    options.engine = "torchscript";
    options.device = device;
    return Pipeline((folder_.path() / "bundle").string(), options);
  }
  CtVolume volume() const { return {hu_.data(), shape_, {}, nullptr}; }

  static void expect_same(const Report& a, const Report& b) {
    EXPECT_EQ(a.mask_voxels, b.mask_voxels);
    ASSERT_EQ(a.candidates.size(), b.candidates.size());
    for (std::size_t i = 0; i < a.candidates.size(); ++i) {
      EXPECT_EQ(a.candidates[i].index, b.candidates[i].index);
      EXPECT_EQ(a.candidates[i].volume_mm3, b.candidates[i].volume_mm3);
      EXPECT_EQ(a.candidates[i].p_nodule, b.candidates[i].p_nodule);
      EXPECT_EQ(a.candidates[i].p_malignant, b.candidates[i].p_malignant);
    }
  }

  testing::TempFolder folder_;
  VolumeShape shape_{7, 9, 70};
  std::vector<std::int16_t> hu_;
};

TEST_F(OnDevice, EqualsTheCpu) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_GOOD);
  const Pipeline cpu = open("cpu"), cuda = open("cuda:1");
  const Report expected = cpu.run(volume()), found = cuda.run(volume());
  EXPECT_EQ(found.device, "cuda:1");
  EXPECT_GE(expected.candidates.size(), 1U);
  expect_same(found, expected);
  EXPECT_TRUE(found.provenance.notes.empty());
  EXPECT_EQ(found.timings_s.count("transfer"), 1U);
  EXPECT_EQ(expected.timings_s.count("transfer"), 0U);

  // The same for single stages.
  EXPECT_EQ(cuda.segment(volume()).count(), cpu.segment(volume()).count());
  const auto a = cuda.classify(volume(), {expected.candidates.begin(), expected.candidates.end()});
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].p_nodule, expected.candidates[i].p_nodule);
  }
}

/// Two cylinders of air in one of soft tissue, in voxels of 4 mm.
std::vector<std::int16_t> chest(const VolumeShape& shape) {
  std::vector<std::int16_t> hu(static_cast<std::size_t>(shape.voxels()), -1000);
  const auto inside = [](std::int64_t row, std::int64_t column, double middle, double rows,
                         double columns) {
    const double y = (static_cast<double>(row) - 45) / rows;
    const double x = (static_cast<double>(column) - middle) / columns;
    return y * y + x * x <= 1;
  };
  std::size_t i = 0;
  for (std::int64_t s = 0; s < shape.slices; ++s) {
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      for (std::int64_t c = 0; c < shape.columns; ++c, ++i) {
        const auto texture = static_cast<std::int16_t>((s * 7 + r * 5 + c * 3) % 41);
        const bool lung = inside(r, c, 30, 18, 13) || inside(r, c, 70, 18, 13);
        if (inside(r, c, 50, 30, 42)) hu[i] = static_cast<std::int16_t>(20 + texture);
        if (lung && s >= 6 && s < 34) hu[i] = static_cast<std::int16_t>(-870 + texture);
      }
    }
  }
  return hu;
}

TEST_F(OnDevice, FindsTheLungsThere) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_GOOD);
  const VolumeShape shape{40, 90, 100};
  const std::vector<std::int16_t> hu = chest(shape);
  const Geometry geometry({}, {4, 4, 4}, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
  const CtVolume volume(hu.data(), shape, geometry, nullptr);
  std::vector<std::int64_t> done;
  RunOptions options;
  options.progress = [&](const char* stage, std::int64_t slices, std::int64_t) {
    if (std::string(stage) == "find lungs") done.push_back(slices);
  };
  const Report expected = open("cpu", "lung").run(volume);
  const Report found = open("cuda", "lung").run(volume, options);
  EXPECT_EQ(done, (std::vector<std::int64_t>{0, 40}));  // in one step
  ASSERT_TRUE(found.lung_field && expected.lung_field);
  EXPECT_GT(found.lung_field->air_ml, 1000);
  EXPECT_EQ(found.lung_field->air_ml, expected.lung_field->air_ml);
  EXPECT_EQ(found.lung_field->field_ml, expected.lung_field->field_ml);
  expect_same(found, expected);
}

TEST_F(OnDevice, AnotherStoredOrderIsPlacedInThePatients) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_GOOD);
  const CtVolume original = volume();
  PipelineOptions options;
  options.profile = "lung";
  options.region = "volume";
  options.engine = "torchscript";
  options.device = "cuda";
  const Pipeline pipeline((folder_.path() / "bundle").string(), options);
  RunOptions keep;
  keep.keep_masks = true;
  const Report expected = pipeline.run(original, keep);
  EXPECT_GE(expected.candidates.size(), 1U);
  const testing::StoredOrder stored(original, {2, 0, 1}, {true, false, true});
  const Report found = pipeline.run(stored.volume(), keep);
  EXPECT_EQ(found.timings_s.count("transfer"), 1U);
  EXPECT_EQ(found.masks->labels.labels, stored.stored<std::int32_t>(expected.masks->labels.labels));
  ASSERT_EQ(found.candidates.size(), expected.candidates.size());
  for (std::size_t i = 0; i < found.candidates.size(); ++i) {
    EXPECT_EQ(stored.original_voxel(found.candidates[i].index), expected.candidates[i].index);
    EXPECT_EQ(found.candidates[i].p_nodule, expected.candidates[i].p_nodule);
  }
}

TEST_F(OnDevice, TwoScansAtOnce) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_GOOD);
  const Pipeline pipeline = open("cuda");
  const Report expected = pipeline.run(volume());
  std::vector<Report> reports(6);
  {
    std::vector<std::jthread> threads;
    for (Report& report : reports) {
      threads.emplace_back([&] { report = pipeline.run(volume()); });
    }
  }
  for (const Report& report : reports) expect_same(report, expected);
}

TEST_F(OnDevice, WithoutTheCudaCoreTheReportSaysSo) {
  install("liblungrt_torchscript.so", ENGINE_HOST_TENSORS);
  const Report report = open("cuda").run(volume());
  EXPECT_EQ(report.device, "cuda:0");
  ASSERT_EQ(report.provenance.notes.size(), 1U);
  EXPECT_NE(report.provenance.notes[0].find("stayed in host memory"), std::string::npos);
  EXPECT_NE(report.provenance.notes[0].find("engine torchscript needs its inputs in host memory"),
            std::string::npos);
}

TEST_F(OnDevice, AnEngineThatCouldSaysWhatIsMissing) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS_OR_NOT);
  const Pipeline pipeline = open("cuda");
  const Report report = pipeline.run(volume());
  ASSERT_EQ(report.provenance.notes.size(), 1U);
  EXPECT_NE(report.provenance.notes[0].find("the CUDA core is not installed"), std::string::npos)
      << report.provenance.notes[0];
  expect_same(report, open("cpu").run(volume()));
}

TEST_F(OnDevice, AnotherCudaCoreIsAnErrorAndNoNote) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_WRONG_ABI);
  expect_error(ErrorCode::kUnsupportedVersion, {"ABI 99"}, [&] { open("cuda"); });
  EXPECT_NO_THROW(open("cpu"));
}

TEST_F(OnDevice, ADeviceThatOnlyTheEngineSees) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_NO_DRIVER);
  expect_error(ErrorCode::kDeviceUnavailable, {"no driver is installed"}, [&] { open("cuda"); });
}

TEST_F(OnDevice, AnOldDriverLeavesTheScanInHostMemoryWithANote) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS_OR_NOT);
  install("liblungrt_cuda.so", CUDA_OLD_DRIVER);
  const Report report = open("cuda").run(volume());
  EXPECT_EQ(report.device, "cuda:0");
  EXPECT_EQ(report.timings_s.count("transfer"), 0U);
  ASSERT_EQ(report.provenance.notes.size(), 1U);
  const std::string& note = report.provenance.notes[0];
  for (const char* words : {"stayed in host memory", "driver 550.54.14 supports CUDA 12.4",
                            "needs driver 580", "CUDA 12.8"}) {
    EXPECT_NE(note.find(words), std::string::npos) << note;
  }
  expect_same(report, open("cpu").run(volume()));
}

TEST_F(OnDevice, TwoAskedForWhereOneIs) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_GOOD);
  expect_error(ErrorCode::kDeviceUnavailable, {"cuda:2", "finds 2"}, [&] { open("cuda:2"); });
}

TEST_F(OnDevice, MemoryThatIsShortIsSaidBeforeTheRun) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS);
  install("liblungrt_cuda.so", CUDA_GOOD);
  const Pipeline pipeline = open("cuda");
  setenv("FAKE_CUDA_MEMORY", "4096", 1);
  RunOptions options;
  options.progress = [](const char*, std::int64_t, std::int64_t) { ADD_FAILURE() << "it ran"; };
  expect_error(ErrorCode::kOutOfMemory, {"7 x 9 x 70", "on cuda:0", "are free"},
               [&] { pipeline.run(volume(), options); });
  unsetenv("FAKE_CUDA_MEMORY");
}

TEST_F(OnDevice, AStagesNetworkTakesHostMemory) {
  install("liblungrt_torchscript.so", ENGINE_DEVICE_TENSORS_OR_NOT);
  PipelineOptions options;
  options.device = "cuda";
  options.engine = "torchscript";
  const StageNetwork network((folder_.path() / "bundle").string(), "nodule", options);
  const std::vector<float> input(8, 0.25F);
  std::vector<float> output(2);
  network.run(input.data(), {1, 1, 2, 2, 2}, output.data());
  EXPECT_FLOAT_EQ(output[0], 0.25F);
}

}  // namespace
}  // namespace lungrt
