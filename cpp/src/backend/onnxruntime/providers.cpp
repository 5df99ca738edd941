#include "backend/onnxruntime/providers.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/cuda_driver.h"
#include "backend/engine_library.h"
#include "backend/onnxruntime/cuda_libraries.h"
#include "backend/onnxruntime/runtime.h"

namespace lungrt::onnxruntime {

using engine_library::Failure;
namespace {

constexpr const char* kHowToGetCuda =
    " (CUDA's libraries come with pip install 'onnxruntime-gpu[cuda,cudnn]')";

using Settings = std::vector<std::pair<std::string, std::string>>;

const std::map<std::string, std::string>& full_names() {
  static const std::map<std::string, std::string> names{
      {"cpu", "CPUExecutionProvider"},
      {"cuda", "CUDAExecutionProvider"},
      {"tensorrt", "TensorrtExecutionProvider"},
      {"openvino", "OpenVINOExecutionProvider"},
  };
  return names;
}

bool has(const std::string& provider) {
  const auto& present = providers();
  return std::find(present.begin(), present.end(), full_names().at(provider)) != present.end();
}

std::string present_providers() {
  std::string names;
  for (const std::string& name : providers()) names += (names.empty() ? "" : ", ") + name;
  return library_path() + " has only the providers " + names;
}

/// Settings as the two arrays of C strings that the runtime's functions expect.
struct Arrays {
  explicit Arrays(const Settings& settings) {
    for (const auto& [key, value] : settings) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
  }
  std::vector<const char*> keys, values;
};

void append_cuda(Ort::SessionOptions& session, const Options& options, int device_index) {
  const OrtApi& api = Ort::GetApi();
  OrtCUDAProviderOptionsV2* made = nullptr;
  Ort::ThrowOnError(api.CreateCUDAProviderOptions(&made));
  const std::unique_ptr<OrtCUDAProviderOptionsV2, decltype(api.ReleaseCUDAProviderOptions)> cuda(
      made, api.ReleaseCUDAProviderOptions);
  std::string search = options.cudnn_search;
  std::transform(search.begin(), search.end(), search.begin(),
                 [](char letter) { return static_cast<char>(letter - 'a' + 'A'); });
  // Batches and sizes are fixed, so an arena that grows by the requested size wastes nothing, and
  // the runtime searches for each convolution's algorithm only once per session.
  Settings settings{{"device_id", std::to_string(device_index)},
                    {"cudnn_conv_algo_search", search},
                    {"arena_extend_strategy", "kSameAsRequested"}};
  if (options.cuda_graph) settings.emplace_back("enable_cuda_graph", "1");
  const Arrays plain(settings);
  Ort::ThrowOnError(api.UpdateCUDAProviderOptions(made, plain.keys.data(), plain.values.data(),
                                                  plain.keys.size()));
  const Settings tf32{{"use_tf32", options.precision == kLungrtFp32 ? "0" : "1"}};
  const Arrays factors(tf32);
  try {
    Ort::ThrowOnError(
        api.UpdateCUDAProviderOptions(made, factors.keys.data(), factors.values.data(), 1));
  } catch (const Ort::Exception& error) {
    throw Failure(
        kLungrtUnsupportedRuntime,
        std::string("this ONNX Runtime has no setting for TF32, which must be off for exact "
                    "float32; install ONNX Runtime 1.18 or newer: ") +
            error.what());
  }
  session.AppendExecutionProvider_CUDA_V2(*cuda);
}

void append_tensorrt(Ort::SessionOptions& session, const Options& options, int device_index) {
  const OrtApi& api = Ort::GetApi();
  OrtTensorRTProviderOptionsV2* made = nullptr;
  Ort::ThrowOnError(api.CreateTensorRTProviderOptions(&made));
  const std::unique_ptr<OrtTensorRTProviderOptionsV2, decltype(api.ReleaseTensorRTProviderOptions)>
      tensorrt(made, api.ReleaseTensorRTProviderOptions);
  const Settings settings{{"device_id", std::to_string(device_index)},
                          {"trt_fp16_enable", options.precision == kLungrtFp16 ? "1" : "0"},
                          {"trt_int8_enable", "0"}};
  const Arrays arrays(settings);
  Ort::ThrowOnError(api.UpdateTensorRTProviderOptions(made, arrays.keys.data(),
                                                      arrays.values.data(), arrays.keys.size()));
  session.AppendExecutionProvider_TensorRT_V2(*tensorrt);
}

void append_openvino(Ort::SessionOptions& session, int threads) {
  constexpr std::uint32_t kFirstApi = 17;
  const OrtApi* api = newer_api(kFirstApi);
  if (api == nullptr) {
    throw Failure(kLungrtUnsupportedRuntime, "provider openvino needs ONNX Runtime 1.17 or newer");
  }
  // Without a precision it may use bfloat16 on processors that support it.
  const Settings settings{
      {"device_type", "CPU"}, {"precision", "FP32"}, {"num_of_threads", std::to_string(threads)}};
  const Arrays arrays(settings);
  Ort::ThrowOnError(api->SessionOptionsAppendExecutionProvider_OpenVINO_V2(
      session, arrays.keys.data(), arrays.values.data(), arrays.keys.size()));
}

}  // namespace

int cuda_device_count() { return has("cuda") || has("tensorrt") ? cuda_driver::device_count() : 0; }

std::uint32_t cuda_precisions(int device_index) {
  std::uint32_t set = kLungrtFp32;
  if (cuda_driver::generation(device_index) >= cuda_driver::kAmpere) set |= kLungrtTf32;
  if (has("tensorrt")) set |= kLungrtFp16;
  return set;
}

std::string why_no_cuda_device() {
  if (!has("cuda") && !has("tensorrt")) {
    return present_providers() +
           ", none of which runs on CUDA; install one that does (pip install onnxruntime-gpu)";
  }
  return present_providers() + ", and the CUDA driver (libcuda.so.1) reports " +
         std::to_string(cuda_driver::device_count()) + " devices";
}

void append_provider(Ort::SessionOptions& session, const Options& options, int device_index,
                     int threads) {
  const std::string& provider = options.provider;
  if (!has(provider)) {
    throw Failure(kLungrtDeviceUnavailable,
                  "provider " + provider + " was requested, but " + present_providers());
  }
  if (provider == "cuda" || provider == "tensorrt") preload_cuda_libraries(library_path());
  try {
    if (provider == "openvino") append_openvino(session, threads);
    if (provider == "tensorrt") append_tensorrt(session, options, device_index);
    if (provider == "cuda" || (provider == "tensorrt" && has("cuda"))) {
      append_cuda(session, options, device_index);
    }
  } catch (const Ort::Exception& error) {
    throw Failure(kLungrtDeviceUnavailable, "provider " + provider + " cannot be started" +
                                                (provider == "openvino" ? "" : kHowToGetCuda) +
                                                ": " + error.what());
  }
}

}  // namespace lungrt::onnxruntime
