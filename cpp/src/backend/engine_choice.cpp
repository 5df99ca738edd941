#include "backend/engine_choice.h"

#include <algorithm>
#include <vector>

#include "backend/registry.h"
#include "core/text.h"
#include "lungrt/device.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

/// The fastest first. An engine whose artifacts are compiled for one machine must be asked for.
constexpr const char* kOrder[] = {"native", "torchscript", "onnxruntime"};

bool has_artifacts(const Bundle& bundle, const std::string& format) {
  return std::all_of(bundle.stages().begin(), bundle.stages().end(), [&](const auto& stage) {
    const std::vector<BundleNetwork>& networks = stage.second.networks;
    return std::all_of(networks.begin(), networks.end(), [&](const BundleNetwork& network) {
      return network.artifacts.count(format) != 0;
    });
  });
}

/// Why an engine cannot run a bundle on such a device; empty if it can.
std::string obstacle(const Engine& engine, DeviceKind device, const Bundle& bundle) {
  if (!has_artifacts(bundle, engine.artifact_format())) {
    return "the bundle has no artifact '" + engine.artifact_format() + "' for every network";
  }
  if (engine.device_count(device) == 0) {
    return device == DeviceKind::kCuda ? "it finds no CUDA device" : "it finds no device";
  }
  return "";
}

const Engine* first_able(DeviceKind device, const Bundle& bundle,
                         std::vector<std::string>& reasons) {
  for (const char* name : kOrder) {
    try {
      const Engine& found = engine(name);
      const std::string reason = obstacle(found, device, bundle);
      if (reason.empty()) return &found;
      reasons.push_back("engine " + std::string(name) + ": " + reason);
    } catch (const Error& error) {  // the message names the engine
      reasons.emplace_back(error.what());
    }
  }
  return nullptr;
}

}  // namespace

const Engine& choose_engine(const std::string& wanted, const std::string& device,
                            const Bundle& bundle) {
  if (wanted != "auto") return engine(wanted);
  std::vector<std::string> reasons;
  if (device == "auto") {
    if (const Engine* found = first_able(DeviceKind::kCuda, bundle, reasons)) return *found;
    reasons.clear();
  }
  const DeviceKind kind = device == "auto" ? DeviceKind::kCpu : parse_device(device).kind;
  if (const Engine* found = first_able(kind, bundle, reasons)) return *found;
  const bool cuda = kind == DeviceKind::kCuda;
  throw Error(cuda ? ErrorCode::kDeviceUnavailable : ErrorCode::kEngineUnavailable,
              "no engine can run this bundle on device " + device + ": " +
                  text::listed(reasons, "; ") +
                  (cuda ? "; use cpu, or auto to take what is there"
                        : "; install one of them, or export the checkpoints again"));
}

}  // namespace lungrt
