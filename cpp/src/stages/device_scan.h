/// Scans on a CUDA device.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/cuda_library.h"
#include "stages/scan.h"

namespace lungrt {

/// Device memory and CUDA streams that one pipeline's scans take turns with: the next scan reuses
/// what a finished one held, so the pool holds as much as the most scans that ever ran at once.
/// Shared by all threads.
class DeviceScanPool {
 public:
  /// \throws Error kDeviceUnavailable where there is no such device, or no driver for the library
  DeviceScanPool(const CudaLibrary& library, const Device& device);
  ~DeviceScanPool();
  DeviceScanPool(const DeviceScanPool&) = delete;
  DeviceScanPool& operator=(const DeviceScanPool&) = delete;

  /// Brings a volume to the device. The scan must not outlive this.
  /// \param tensor_bytes  that the networks' inputs and outputs will need there
  /// \throws Error kOutOfMemory   where the device has too little left, with the numbers
  /// \throws Error kResourceLimit for a volume whose masks have 2^31 words or more
  std::unique_ptr<PlacedScan> place(const CtVolume& volume, std::int64_t tensor_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lungrt
