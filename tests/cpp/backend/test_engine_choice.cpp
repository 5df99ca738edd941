#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "backend/engine_choice.h"
#include "core/bundle/example_manifest.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using nlohmann::json;
using testing::expect_error;

/// Choice of the engine for a bundle with some artifacts, where some engines are installed.
class EngineChoice : public ::testing::Test {
 protected:
  EngineChoice() { setenv("LUNGRT_ENGINE_PATH", folder_.path().c_str(), 1); }
  ~EngineChoice() override { unsetenv("LUNGRT_ENGINE_PATH"); }

  void install(const std::string& name, const char* library) {
    std::filesystem::copy_file(library, folder_.path() / ("liblungrt_" + name + ".so"));
  }

  /// Bundle whose networks all have artifacts in these formats.
  Bundle bundle(const std::vector<std::string>& formats) {
    json manifest = testing::example_manifest();
    for (auto& stage : manifest["stages"]) {
      for (auto& network : stage["networks"]) set_formats(network, formats);
    }
    return opened(manifest);
  }
  static void set_formats(json& network, const std::vector<std::string>& formats) {
    network["artifacts"] = json::object();
    for (const std::string& format : formats) {
      network["artifacts"][format] = testing::example_file("model." + format);
    }
  }
  Bundle opened(const json& manifest) {
    folder_.write("bundle/manifest.json", manifest.dump());
    return Bundle::open(folder_.path() / "bundle");
  }

  static std::string chosen(const Bundle& bundle, const std::string& device = "auto",
                            const std::string& wanted = "auto",
                            Precision precision = Precision::kFp32) {
    return choose_engine(wanted, device, bundle, precision).artifact_format();
  }

  testing::TempFolder folder_;
};

const std::vector<std::string> kAll{"onnx", "safetensors", "torchscript"};

TEST_F(EngineChoice, IsTheFastestThatTheBundleHasArtifactsFor) {
  install("torchscript", ENGINE_TORCH);
  install("onnxruntime", ENGINE_ONNX);
  for (const char* device : {"auto", "cpu"}) {
    EXPECT_EQ(chosen(bundle(kAll), device), "safetensors");
    EXPECT_EQ(chosen(bundle({"onnx", "torchscript"}), device), "torchscript");
    EXPECT_EQ(chosen(bundle({"onnx"}), device), "onnx");
  }
}

TEST_F(EngineChoice, NeedsTheArtifactOfEveryNetwork) {
  install("torchscript", ENGINE_TORCH);
  json manifest = testing::example_manifest();
  for (auto& stage : manifest["stages"]) {
    for (auto& network : stage["networks"]) set_formats(network, kAll);
  }
  // Only the second member of the last stage's ensemble has no weights.
  set_formats(manifest["stages"]["nodule"]["networks"][1], {"onnx", "torchscript"});
  EXPECT_EQ(chosen(opened(manifest)), "torchscript");
}

TEST_F(EngineChoice, PassesOverEnginesThatAreNotHere) {
  install("onnxruntime", ENGINE_ONNX);
  EXPECT_EQ(chosen(bundle({"onnx", "torchscript"})), "onnx");
}

TEST_F(EngineChoice, PassesOverEnginesThatCannotBeLoaded) {
  install("torchscript", ENGINE_WRONG_ABI);
  install("onnxruntime", ENGINE_ONNX);
  EXPECT_EQ(chosen(bundle({"onnx", "torchscript"})), "onnx");
}

TEST_F(EngineChoice, PrefersAGpuWhereTheDeviceIsLeftOpen) {
  install("torchscript", ENGINE_TORCH_CUDA);
  EXPECT_EQ(chosen(bundle(kAll), "auto"), "torchscript");
  EXPECT_EQ(chosen(bundle(kAll), "cpu"), "safetensors");
  EXPECT_EQ(chosen(bundle(kAll), "cuda"), "torchscript");
  EXPECT_EQ(chosen(bundle(kAll), "cuda:1"), "torchscript");
  // A GPU does not help without an artifact for its engine.
  EXPECT_EQ(chosen(bundle({"onnx", "safetensors"}), "auto"), "safetensors");
}

TEST_F(EngineChoice, TakesOneThatDoesThePrecision) {
  install("torchscript", ENGINE_TORCH_CUDA);
  const Bundle all = bundle(kAll);
  for (const char* device : {"auto", "cuda", "cuda:1"}) {
    EXPECT_EQ(chosen(all, device, "auto", Precision::kTf32), "torchscript");
  }
  // There are two devices: the error must be that the third one does not exist, not its precision.
  EXPECT_EQ(chosen(all, "cuda:2", "auto", Precision::kBf16), "torchscript");
}

TEST_F(EngineChoice, SaysThatOnlyThePrecisionStandsAgainstOne) {
  install("torchscript", ENGINE_TORCH_CUDA);
  const Bundle all = bundle(kAll);
  expect_error(ErrorCode::kInvalidArgument,
               {"no engine supports precision bf16 for this bundle on device cuda:1",
                "engine native: it finds no CUDA device",
                "engine torchscript: it supports fp32, tf32, fp16 on cuda:1",
                "engine onnxruntime is not installed", "use a precision that an engine supports"},
               [&] { choose_engine("auto", "cuda:1", all, Precision::kBf16); });
  // With device auto, the CPU is tried last, so the message is about the CPU.
  expect_error(
      ErrorCode::kInvalidArgument,
      {"precision int8 for this bundle on device auto", "engine native: it supports fp32 on cpu",
       "engine torchscript: it supports fp32 on cpu"},
      [&] { choose_engine("auto", "auto", all, Precision::kInt8); });
  // Where no engine can run the bundle in float32 either, the precision is not the problem.
  expect_error(ErrorCode::kEngineUnavailable, {"no engine can run this bundle"},
               [&] { choose_engine("auto", "cpu", bundle({"a-newer-format"}), Precision::kBf16); });
}

TEST_F(EngineChoice, SaysWhyNoneCanRunTheBundle) {
  install("torchscript", ENGINE_WRONG_ABI);
  const Bundle none = bundle({"a-newer-format"});
  for (const char* device : {"auto", "cpu"}) {
    expect_error(
        ErrorCode::kEngineUnavailable,
        {"no engine can run this bundle on device", device,
         "engine native: the bundle has no artifact 'safetensors' for some of its networks",
         "ABI 99", "engine onnxruntime is not installed", "install one of these engines"},
        [&] { choose_engine("auto", device, none); });
  }
}

TEST_F(EngineChoice, SaysWhyNoneHasTheDevice) {
  install("torchscript", ENGINE_TORCH);
  install("onnxruntime", ENGINE_ONNX);
  const Bundle all = bundle(kAll);
  expect_error(ErrorCode::kDeviceUnavailable,
               {"on device cuda:0", "engine native: it finds no CUDA device",
                "engine torchscript: it finds no CUDA device",
                "engine onnxruntime: it finds no CUDA device", "use cpu, or auto"},
               [&] { choose_engine("auto", "cuda:0", all); });
}

/// Obstacles for the GPU must not be reported as reasons for the CPU.
TEST_F(EngineChoice, SpeaksOfTheProcessorAloneWhereThereIsNoGpu) {
  install("torchscript", ENGINE_TORCH);
  const Bundle onnx = bundle({"onnx"});
  try {
    choose_engine("auto", "auto", onnx);
    FAIL() << "there is no engine for it";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("CUDA"), std::string::npos) << error.what();
  }
}

TEST_F(EngineChoice, OfANameIsThatEngineOrAnError) {
  install("onnxruntime", ENGINE_ONNX);
  const Bundle all = bundle(kAll);
  EXPECT_EQ(chosen(all, "auto", "onnxruntime"), "onnx");
  EXPECT_EQ(chosen(all, "cpu", "native"), "safetensors");
  // No other engine replaces it, neither for a missing library nor for a missing artifact.
  expect_error(ErrorCode::kEngineUnavailable, {"engine torchscript is not installed"},
               [&] { choose_engine("torchscript", "auto", all); });
  EXPECT_EQ(chosen(bundle({"onnx"}), "auto", "native"), "safetensors");
  expect_error(ErrorCode::kInvalidArgument, {"unknown engine 'fastest'", "native"},
               [&] { choose_engine("fastest", "auto", all); });
}

TEST_F(EngineChoice, RefusesDevicesThatDoNotExist) {
  const Bundle all = bundle(kAll);
  for (const char* device : {"tpu", "", "cuda:x"}) {
    expect_error(ErrorCode::kInvalidArgument, {device},
                 [&] { choose_engine("auto", device, all); });
  }
}

}  // namespace
}  // namespace lungrt
