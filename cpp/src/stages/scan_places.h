/// Where a pipeline's scans lie.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/engine.h"
#include "stages/device_scan.h"
#include "stages/scan.h"

namespace lungrt {

/// Decided once: on the pipeline's device where the CUDA core is here and the networks take device
/// memory, else in host memory.
class ScanPlaces {
 public:
  /// \param device_tensors  whether every network takes device memory
  /// \throws Error kUnsupportedVersion where the CUDA core that is here does not fit
  /// \throws Error kDeviceUnavailable  where it cannot use the device
  ScanPlaces(const Engine& engine, const Device& device, bool device_tensors);

  /// \param tensor_bytes  as DeviceScanPool takes it
  /// \throws Error as DeviceScanPool::place
  std::unique_ptr<PlacedScan> place(const CtVolume& volume, std::int64_t tensor_bytes) const;

  bool on_device() const { return places_ != nullptr; }
  /// Why a device's scans lie in host memory, for the report.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::unique_ptr<DeviceScanPool> places_;  ///< null: in host memory
  std::vector<std::string> notes_;
};

}  // namespace lungrt
