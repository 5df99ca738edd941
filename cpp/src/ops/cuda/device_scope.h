/// The calling thread's CUDA device during a call of the CUDA core.
#pragma once

#include <cuda_runtime_api.h>

#include "ops/cuda/device_errors.h"

namespace lungrt::ops::cuda {

/// Makes a device the calling thread's current one, and restores what the application had. That is
/// asked of the driver: cudaGetDevice() answers 0 where there was none, and setting device 0 again
/// would create a context there, which takes hundreds of megabytes.
class DeviceScope {
 public:
  /// \throws Failure where the device cannot be used
  explicit DeviceScope(int device) {
    const Driver& known = driver(device);
    known.get_current(&before_);  // fails where nothing has used CUDA yet; then there was none
    const cudaError_t error = cudaSetDevice(device);
    if (error != cudaSuccess) {
      known.set_current(before_);
      check(error, kLungrtDeviceUnavailable, "choice of the device", device);
    }
    // Without this, an allocation would break a CUDA graph that another thread is capturing.
    cudaThreadExchangeStreamCaptureMode(&capture_mode_);
    set_current_ = known.set_current;
  }
  ~DeviceScope() {
    cudaThreadExchangeStreamCaptureMode(&capture_mode_);
    set_current_(before_);
    cudaGetLastError();
  }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  /// Functions of the driver, which have no counterpart in the runtime.
  struct Driver {
    int (*get_current)(void** context) = nullptr;
    int (*set_current)(void* context) = nullptr;
  };

  static const Driver& driver(int device) {
    static const Driver found = [device] {
      Driver result;
      look_up("cuCtxGetCurrent", result.get_current, device);
      look_up("cuCtxSetCurrent", result.set_current, device);
      return result;
    }();
    return found;
  }

  template <typename Function>
  static void look_up(const char* name, Function& function, int device) {
    constexpr unsigned kSince = 4000;  // CUDA 4.0
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result{};
    check(cudaGetDriverEntryPointByVersion(name, &found, kSince, cudaEnableDefault, &result),
          kLungrtDeviceUnavailable, name, device);
    if (found == nullptr) {
      throw Failure(kLungrtDeviceUnavailable,
                    std::string("the CUDA driver has no function ") + name);
    }
    function = reinterpret_cast<Function>(found);
  }

  void* before_ = nullptr;
  int (*set_current_)(void* context) = nullptr;
  cudaStreamCaptureMode capture_mode_ = cudaStreamCaptureModeRelaxed;
};

}  // namespace lungrt::ops::cuda
