/// CT volumes in the memory of a CUDA device.
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
  /// \throws Error kDeviceUnavailable where the device does not exist, or the driver does not
  ///         support the library
  DeviceScanPool(const CudaLibrary& library, const Device& device);
  ~DeviceScanPool();
  DeviceScanPool(const DeviceScanPool&) = delete;
  DeviceScanPool& operator=(const DeviceScanPool&) = delete;

  /// Copies a volume to the device. The scan must not outlive this pool.
  /// \param tensor_bytes  device memory that the networks' inputs and outputs will need
  /// \throws Error kOutOfMemory   where too little device memory is free, with the numbers in the
  ///                              message
  /// \throws Error kResourceLimit for a volume whose mask would have 2^31 - 1 words or more
  std::unique_ptr<PlacedScan> place(const CtVolume& volume, std::int64_t tensor_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lungrt
