/// Errors of the CUDA runtime as failures that say on which device, what happened, and whether CUDA
/// can still be used.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>

#include "ops/cuda/placed_volume.h"

namespace lungrt::ops::cuda {

inline std::string device_text(int device) { return "cuda:" + std::to_string(device); }

/// "an illegal memory access was encountered (cudaErrorIllegalAddress)"
inline std::string described(cudaError_t error) {
  return std::string(cudaGetErrorString(error)) + " (" + cudaGetErrorName(error) + ")";
}

/// Whether the runtime's documentation says that the process "must be terminated and relaunched"
/// after an error: every later call fails, too.
constexpr bool ends_cuda(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorMpsClientTerminated:
      return true;
    default:
      return false;
  }
}

/// Whether the device no longer answers. One that fell off the bus reports errors of many names.
inline bool is_lost() {
  std::size_t free = 0, total = 0;
  const cudaError_t error = cudaMemGetInfo(&free, &total);
  cudaGetLastError();
  return error != cudaSuccess && error != cudaErrorMemoryAllocation;
}

/// Throws a Failure for everything but success.
/// \param status  of an error after which CUDA can still be used
/// \param what    was attempted: "copy to the device"
inline void check(cudaError_t error, LungrtStatus status, const char* what, int device) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // clears the error, so that the next call does not report it again
  const std::string message =
      std::string("CUDA, ") + what + ", " + device_text(device) + ": " + described(error);
  if (error == cudaErrorMemoryAllocation) throw Failure(kLungrtOutOfMemory, message);
  // A device that is being opened may simply not be available, which has names of its own.
  const bool in_use = status != kLungrtDeviceUnavailable || error == cudaErrorUnknown;
  if (ends_cuda(error) || (in_use && is_lost())) {
    throw Failure(kLungrtDeviceUnavailable,
                  message + ". " + device_text(device) +
                      " cannot be used in this process any more: end the process and start it "
                      "again, or use device cpu. If it happens again, the kernel's log (dmesg) has "
                      "the reason, in lines with Xid");
  }
  throw Failure(status, message);
}

/// Failure of an allocation, with the bytes that were wanted and those that are free.
[[noreturn]] inline void throw_out_of_memory(int device, std::size_t bytes) {
  cudaGetLastError();
  MemoryState state{};
  cudaMemGetInfo(&state.free, &state.total);
  throw Failure(kLungrtOutOfMemory,
                "could not allocate " + gigabytes(static_cast<double>(bytes)) + " on " +
                    device_text(device) + ": " + gigabytes(static_cast<double>(state.free)) +
                    " of " + gigabytes(static_cast<double>(state.total)) +
                    " are free. Run fewer scans at once, end other programs on the device, or use "
                    "device cpu");
}

}  // namespace lungrt::ops::cuda
