#include "backend/engine_choice.h"

#include <algorithm>
#include <vector>

#include "backend/device_choice.h"
#include "backend/registry.h"
#include "core/logging.h"
#include "core/text.h"
#include "lungrt/device.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

/// The order in which auto tries engines, fastest first. AOTInductor is not among them: its
/// artifacts are compiled for one machine, so it has to be named.
constexpr const char* kOrder[] = {"native", "torchscript", "onnxruntime"};

bool has_artifacts(const Bundle& bundle, const std::string& format) {
  return std::all_of(bundle.stages().begin(), bundle.stages().end(), [&](const auto& stage) {
    const std::vector<BundleNetwork>& networks = stage.second.networks;
    return std::all_of(networks.begin(), networks.end(), [&](const BundleNetwork& network) {
      return network.artifacts.count(format) != 0;
    });
  });
}

/// State of auto's search: the requirements, and why the engines tried so far do not meet them.
struct Search {
  const Bundle& bundle;
  Precision precision;
  std::vector<std::string> reasons = {};
  bool only_precision = false;  ///< for one of them, the precision is the only obstacle
};

/// Why an engine cannot run the bundle on the device; empty if it can.
std::string obstacle(const Engine& engine, const Device& device, Search& search) {
  if (!has_artifacts(search.bundle, engine.artifact_format())) {
    return "the bundle has no artifact '" + engine.artifact_format() + "' for some of its networks";
  }
  const int devices = engine.device_count(device.kind);
  if (devices == 0) {
    return device.kind == DeviceKind::kCuda ? "it finds no CUDA device" : "it finds no device";
  }
  // choose_device() reports a device that does not exist, with a better message.
  if (device.index < devices && !supports_precision(engine, device, search.precision)) {
    search.only_precision = true;
    return "it " + supported_precisions(engine, device);
  }
  return "";
}

const Engine* first_able(const Device& device, Search& search) {
  for (const char* name : kOrder) {
    try {
      const Engine& found = engine(name);
      const std::string reason = obstacle(found, device, search);
      if (reason.empty()) return &found;
      search.reasons.push_back("engine " + std::string(name) + ": " + reason);
    } catch (const Error& error) {  // the message names the engine
      search.reasons.emplace_back(error.what());
    }
  }
  return nullptr;
}

/// Logs what auto chose, and why it passed over the engines before.
void log_search(const Device& device, const Engine* found, const Search& search) noexcept {
  log_lazily(LogLevel::kInfo, [&] {
    return "engine auto on " + to_string(device) + ": " +
           (found != nullptr ? found->name() + " was chosen"
                             : std::string("no engine can run the bundle")) +
           (search.reasons.empty() ? "" : "; " + text::listed(search.reasons, "; "));
  });
}

[[noreturn]] void refuse(const std::string& device, bool cuda, const Search& search) {
  const std::string reasons = text::listed(search.reasons, "; ");
  if (search.only_precision) {
    throw Error(ErrorCode::kInvalidArgument,
                "no engine supports precision " + std::string(to_string(search.precision)) +
                    " for this bundle on device " + device + ": " + reasons +
                    "; use a precision that an engine supports, or another device");
  }
  throw Error(cuda ? ErrorCode::kDeviceUnavailable : ErrorCode::kEngineUnavailable,
              "no engine can run this bundle on device " + device + ": " + reasons +
                  (cuda ? "; use cpu, or auto for any available device"
                        : "; install one of these engines, or export the checkpoints again"));
}

}  // namespace

const Engine& choose_engine(const std::string& wanted, const std::string& device,
                            const Bundle& bundle, Precision precision) {
  if (wanted != "auto") return engine(wanted);
  if (device == "auto") {
    Search on_gpu{bundle, precision};
    const Engine* found = first_able({DeviceKind::kCuda, 0}, on_gpu);
    log_search({DeviceKind::kCuda, 0}, found, on_gpu);
    if (found != nullptr) return *found;
  }
  const Device place = device == "auto" ? Device{} : parse_device(device);
  Search search{bundle, precision};
  const Engine* found = first_able(place, search);
  log_search(place, found, search);
  if (found != nullptr) return *found;
  refuse(device, place.kind == DeviceKind::kCuda, search);
}

void refuse_fixed_sizes(const Engine& engine, const EngineOptions& options) {
  // ONNX Runtime's CUDA graphs are captured for one size and never freed.
  const auto graph = options.find("cuda_graph");
  if (engine.name() != "onnxruntime" || graph == options.end() || graph->second != "on") return;
  throw Error(ErrorCode::kInvalidArgument,
              "engine onnxruntime: option cuda_graph=on needs inputs of one size, but within the "
              "lungs (profile 'lung', or region 'lung') every scan has windows of other sizes; use "
              "profile 'book' or region 'volume', or omit the option");
}

}  // namespace lungrt
