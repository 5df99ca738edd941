/// Where networks run.
#pragma once

#include <string>

#include "lungrt/export.h"

namespace lungrt {

enum class DeviceKind { kCpu, kCuda };

/// A device; `index` tells CUDA devices apart.
struct Device {
  DeviceKind kind = DeviceKind::kCpu;
  int index = 0;
  friend bool operator==(const Device& a, const Device& b) {
    return a.kind == b.kind && a.index == b.index;
  }
};

/// "cpu", "cuda" or "cuda:N".
/// \throws Error kInvalidArgument for anything else ("auto" is resolved by the pipeline, not here)
LUNGRT_API Device parse_device(const std::string& text);
LUNGRT_API std::string to_string(const Device& device);

/// Number of processors this process may run on (its CPU affinity), at least 1.
LUNGRT_API int available_threads();

}  // namespace lungrt
