/// Memory in which a pipeline places its scans.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/engine.h"
#include "stages/device_scan.h"
#include "stages/scan.h"

namespace lungrt {

/// Chooses between host and device memory when the pipeline is opened: the device's where the CUDA
/// core is installed and all networks accept tensors in device memory, else the host's.
class ScanPlaces {
 public:
  /// \param device_tensors  whether every network accepts tensors in device memory
  /// \throws Error kUnsupportedVersion where the installed CUDA core is of another version
  /// \throws Error kDeviceUnavailable  where it cannot use the device
  ScanPlaces(const Engine& engine, const Device& device, bool device_tensors);

  /// Places a volume.
  /// \param tensor_bytes  see DeviceScanPool::place
  /// \throws Error as DeviceScanPool::place
  std::unique_ptr<PlacedScan> place(const CtVolume& volume, std::int64_t tensor_bytes) const;

  bool on_device() const { return places_ != nullptr; }
  /// Why scans stay in host memory although the networks run on a device; for the report.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::unique_ptr<DeviceScanPool> places_;  ///< null: host memory
  std::vector<std::string> notes_;
};

}  // namespace lungrt
