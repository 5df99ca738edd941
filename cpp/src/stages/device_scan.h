/// Scans on a CUDA device.
#pragma once

#include <cstdint>
#include <memory>

#include "backend/cuda_library.h"
#include "stages/scan.h"

namespace lungrt {

/// A device's memory and streams for one pipeline: what a scan took is kept for the next one, so
/// there is as much as scans ever ran at once. Shared by all threads.
class DevicePlaces {
 public:
  /// \throws Error kDeviceUnavailable where there is no such device, or no driver for the library
  DevicePlaces(const CudaLibrary& library, const Device& device);
  ~DevicePlaces();
  DevicePlaces(const DevicePlaces&) = delete;
  DevicePlaces& operator=(const DevicePlaces&) = delete;

  /// Brings a volume to the device. The scan must not outlive this.
  /// \param tensor_bytes  that the networks' inputs and outputs will need there
  /// \throws Error kOutOfMemory   where the device has too little left, with the numbers
  /// \throws Error kResourceLimit for a volume whose masks have 2^31 words or more
  std::unique_ptr<Scan> place(const CtVolume& volume, std::int64_t tensor_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lungrt
