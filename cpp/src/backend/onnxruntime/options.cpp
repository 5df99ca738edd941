#include "backend/onnxruntime/options.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <vector>

#include "backend/engine_library.h"

namespace lungrt::onnxruntime {

using engine_library::Failure;
namespace {

struct Known {
  const char* name;
  std::vector<std::string> values;  ///< the first one is the default, except for the provider
};

const std::vector<Known>& known_options() {
  static const std::vector<Known> known{
      {"provider", {"cpu", "cuda", "tensorrt", "openvino"}},
      {"arena", {"on", "off"}},
      {"graph", {"all", "extended", "basic", "off"}},
      {"cudnn_search", {"heuristic", "exhaustive", "default"}},
      {"cuda_graph", {"off", "on"}},
  };
  return known;
}

std::string listed(const std::vector<std::string>& values) {
  std::string result;
  for (const std::string& value : values) result += (result.empty() ? "" : ", ") + value;
  return result;
}

std::string all_options() {
  std::string result;
  for (const Known& known : known_options()) {
    result += (result.empty() ? "" : "; ") + std::string(known.name) + "=" + listed(known.values);
  }
  return result;
}

void check(const std::string& name, const std::string& value) {
  const auto& all = known_options();
  const auto known =
      std::find_if(all.begin(), all.end(), [&](const Known& one) { return name == one.name; });
  if (known == all.end()) {
    throw Failure(kLungrtInvalidOption,
                  "unknown option '" + name + "'; the options of this engine are " + all_options());
  }
  if (std::find(known->values.begin(), known->values.end(), value) == known->values.end()) {
    throw Failure(kLungrtInvalidOption,
                  "option " + name + "=" + value + ": expected one of " + listed(known->values));
  }
}

/// Each provider runs on one kind of device.
void check_device(const std::string& provider, bool cuda) {
  const bool needs_cuda = provider == "cuda" || provider == "tensorrt";
  if (needs_cuda != cuda) {
    throw Failure(kLungrtInvalidOption, "option provider=" + provider + " needs device " +
                                            (needs_cuda ? "cuda" : "cpu") + ", but device " +
                                            (cuda ? "cuda" : "cpu") + " was requested");
  }
}

/// TensorRT uses TF32 by default, and the runtime has no setting to turn it off.
bool tensorrt_is_kept_from_tf32() {
  const char* override = std::getenv("NVIDIA_TF32_OVERRIDE");
  return override != nullptr && std::string(override) == "0";
}

void check_precision(const std::string& provider, LungrtPrecision precision) {
  if (provider == "tensorrt") {
    if (precision == kLungrtFp32 && !tensorrt_is_kept_from_tf32()) {
      throw Failure(kLungrtInvalidOption,
                    "option provider=tensorrt supports tf32 and fp16, but fp32 only with "
                    "NVIDIA_TF32_OVERRIDE=0 in the environment, since it computes float32 in TF32 "
                    "otherwise; request tf32 or fp16, or set the variable");
    }
  } else if (precision == kLungrtFp16) {
    throw Failure(kLungrtInvalidOption,
                  "option provider=" + provider + ": only provider=tensorrt computes in fp16");
  }
}

}  // namespace

Options parse_options(const LungrtSessionRequest& request) {
  const char* usual = request.precision == kLungrtFp16 ? "tensorrt" : "cuda";
  std::map<std::string, std::string> given{{"provider", request.cuda != 0 ? usual : "cpu"}};
  for (const Known& known : known_options()) given.emplace(known.name, known.values.front());
  for (std::int32_t i = 0; i < request.option_count; ++i) {
    const LungrtOption& option = request.options[i];
    check(option.name, option.value);
    given[option.name] = option.value;
  }
  check_device(given["provider"], request.cuda != 0);
  check_precision(given["provider"], request.precision);
  if (given["cuda_graph"] == "on" && given["provider"] != "cuda") {
    throw Failure(kLungrtInvalidOption,
                  "option cuda_graph=on needs provider cuda, got " + given["provider"]);
  }
  static const std::map<std::string, GraphOptimizationLevel> levels{
      {"all", ORT_ENABLE_ALL},
      {"extended", ORT_ENABLE_EXTENDED},
      {"basic", ORT_ENABLE_BASIC},
      {"off", ORT_DISABLE_ALL}};
  return {given["provider"],     given["arena"] == "on",      levels.at(given["graph"]),
          given["cudnn_search"], given["cuda_graph"] == "on", request.precision};
}

}  // namespace lungrt::onnxruntime
