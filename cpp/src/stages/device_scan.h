/// CT volumes in the memory of a CUDA device, and the choice between that and host memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/cuda_library.h"
#include "backend/engine.h"
#include "stages/scan.h"

namespace lungrt {

/// Device memory and CUDA streams that one pipeline's scans take turns with: the next scan reuses
/// what a finished one held, so the pool holds as much as the most scans that ever ran at once.
/// Shared by all threads.
class DeviceScanPool {
 public:
  /// \throws Error kDeviceUnavailable  where the device does not exist or does not work
  /// \throws Error kUnsupportedVersion where the driver is too old for the CUDA core, or the core
  ///         has no code for the device
  DeviceScanPool(const CudaLibrary& library, const Device& device);
  ~DeviceScanPool();
  DeviceScanPool(const DeviceScanPool&) = delete;
  DeviceScanPool& operator=(const DeviceScanPool&) = delete;

  /// Copies a volume to the device. The scan must not outlive this pool.
  /// \param tensor_bytes  device memory that the networks' inputs and outputs will need
  /// \throws Error kOutOfMemory   where too little device memory is free, with the numbers in the
  ///                              message
  /// \throws Error kResourceLimit for a volume whose mask could have 2^31 - 1 runs of voxels or
  /// more
  std::unique_ptr<PlacedScan> place(const CtVolume& volume, std::int64_t tensor_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Chooses between host and device memory when the pipeline is opened: the device's where the CUDA
/// core is installed, fits the driver and the device, and all networks accept tensors in device
/// memory, else the host's. notes() says why it is the host's.
class ScanPlaces {
 public:
  /// \param device_tensors  whether every network accepts tensors in device memory
  /// \throws Error kUnsupportedVersion where the installed CUDA core is of another version of
  /// lungrt
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
