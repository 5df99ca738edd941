#include "backend/device_choice.h"

#include "lungrt/error.h"

namespace lungrt {

Device choose_device(const Engine& engine, const std::string& wanted) {
  if (wanted == "auto") {
    return engine.device_count(DeviceKind::kCuda) > 0 ? Device{DeviceKind::kCuda, 0} : Device{};
  }
  const Device device = parse_device(wanted);
  const int present = engine.device_count(device.kind);
  if (device.index >= present) {
    throw Error(ErrorCode::kDeviceUnavailable,
                "device " + wanted + " was asked for, but engine " + engine.name() + " (" +
                    engine.version() + ") finds " + std::to_string(present) +
                    (device.kind == DeviceKind::kCuda ? " CUDA devices" : " devices") +
                    "; use cpu, or auto to take what is there");
  }
  return device;
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
