/// Execution providers: what computes a session's graph.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <cstdint>

#include "backend/onnxruntime/options.h"

namespace lungrt::onnxruntime {

/// CUDA devices that this library can use: 0 where it has no provider for them, or no driver.
int cuda_device_count();

/// The set of LungrtPrecision that some provider does on a device.
std::uint32_t cuda_precisions(int device_index);

/// Why cuda_device_count() is not larger, and what to do.
std::string why_no_cuda_device();

/// Adds the provider of `options`; every one but cpu leaves to the next what it cannot do.
/// \param threads  that it may use on the CPU
/// \throws Failure kLungrtDeviceUnavailable   where the library lacks it or it cannot be started
/// \throws Failure kLungrtUnsupportedRuntime  where the library's is too old for exact float32
void append_provider(Ort::SessionOptions& session, const Options& options, int device_index,
                     int threads);

}  // namespace lungrt::onnxruntime
