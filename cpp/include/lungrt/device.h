/// Devices that networks run on.
#pragma once

#include <string>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

enum class DeviceKind { kCpu, kCuda };

/// A device.
struct Device {
  DeviceKind kind = DeviceKind::kCpu;
  int index = 0;  ///< number of the CUDA device, from 0; 0 for the CPU
  friend bool operator==(const Device& a, const Device& b) {
    return a.kind == b.kind && a.index == b.index;
  }
};

/// Parses the name of a device: "cpu", "cuda" (the first CUDA device) or "cuda:N".
/// \throws Error kInvalidArgument for anything else, including "auto", which the pipeline resolves
LUNGRT_API Device parse_device(const std::string& text);
/// Name of a device: "cpu" or "cuda:N".
LUNGRT_API std::string to_string(const Device& device);

/// Number of processors this process may run on (its CPU affinity), at least 1.
LUNGRT_API int available_threads();

}  // namespace lungrt
