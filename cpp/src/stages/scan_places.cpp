#include "stages/scan_places.h"

#include "backend/registry.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

constexpr const char* kInHostMemory =
    "the scan and its masks stayed in host memory and only the networks ran on the device: ";

}  // namespace

ScanPlaces::ScanPlaces(const Engine& engine, const Device& device, bool device_tensors) {
  if (device.kind != DeviceKind::kCuda) return;
  if (!device_tensors) {
    notes_.push_back(kInHostMemory + ("engine " + engine.name()) +
                     " needs its inputs in host memory");
    return;
  }
  const CudaLibrary* library = nullptr;
  try {
    library = &cuda_library();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kEngineUnavailable) throw;  // installed, but not usable
    notes_.push_back(kInHostMemory + std::string(error.what()));
    return;
  }
  places_ = std::make_unique<DeviceScanPool>(*library, device);
}

std::unique_ptr<PlacedScan> ScanPlaces::place(const CtVolume& volume,
                                              std::int64_t tensor_bytes) const {
  return places_ ? places_->place(volume, tensor_bytes) : scan_on_host(volume);
}

}  // namespace lungrt
