#include "backend/device_choice.h"

#include <algorithm>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

/// The engine's own explanation, e.g. that it lacks a provider or a driver.
std::string why_absent(const Engine& engine, const Device& device) {
  try {
    engine.device_name(device);
  } catch (const Error& error) {
    return error.what();
  }
  return "engine " + engine.name() + " finds " +
         text::counted(engine.device_count(device.kind),
                       device.kind == DeviceKind::kCuda ? "CUDA device" : "processor");
}

}  // namespace

Device choose_device(const Engine& engine, const std::string& wanted) {
  if (wanted == "auto") {
    return engine.device_count(DeviceKind::kCuda) > 0 ? Device{DeviceKind::kCuda, 0} : Device{};
  }
  const Device device = parse_device(wanted);
  if (device.index >= engine.device_count(device.kind)) {
    throw Error(ErrorCode::kDeviceUnavailable,
                "device " + wanted + " was requested but is not available: " +
                    why_absent(engine, device) + "; use cpu, or auto for any available device");
  }
  return device;
}

bool supports_precision(const Engine& engine, const Device& device, Precision wanted) {
  const std::vector<Precision> known = engine.precisions(device);
  return std::find(known.begin(), known.end(), wanted) != known.end();
}

std::string supported_precisions(const Engine& engine, const Device& device) {
  std::vector<std::string> names;
  for (const Precision precision : engine.precisions(device)) {
    names.emplace_back(to_string(precision));
  }
  return "supports " + text::listed(names, ", ") + " on " + to_string(device);
}

Precision choose_precision(const Engine& engine, const Device& device, const std::string& wanted) {
  const Precision precision = parse_precision(wanted);
  if (!supports_precision(engine, device, precision)) {
    throw Error(ErrorCode::kInvalidArgument, "precision " + wanted + " was requested, but engine " +
                                                 engine.name() + " " +
                                                 supported_precisions(engine, device) +
                                                 "; use one of these, or another engine or device");
  }
  return precision;
}

int choose_threads(int wanted) {
  constexpr int kMost = 1024;
  if (wanted < 0 || wanted > kMost) {
    throw Error(ErrorCode::kInvalidArgument, "threads must be 0 (all) to " + std::to_string(kMost) +
                                                 ", got " + std::to_string(wanted));
  }
  return wanted == 0 ? available_threads() : wanted;
}

}  // namespace lungrt
