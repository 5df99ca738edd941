/// Execution providers, which compute a session's graph.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <cstdint>

#include "backend/onnxruntime/options.h"

namespace lungrt::onnxruntime {

/// Number of CUDA devices that the runtime can use; 0 without a provider for CUDA or a driver.
int cuda_device_count();

/// Set of LungrtPrecision that at least one provider supports on a device.
std::uint32_t cuda_precisions(int device_index);

/// Message: why cuda_device_count() is not larger, and what to do.
std::string why_no_cuda_device();

/// Adds the provider of `options`. Nodes that a provider other than cpu cannot run are left to the
/// next one.
/// \param threads  number of threads that it may use on the CPU
/// \throws Failure kLungrtDeviceUnavailable   where the runtime lacks it or it cannot be started
/// \throws Failure kLungrtUnsupportedRuntime  where the runtime is too old to turn TF32 off
void append_provider(Ort::SessionOptions& session, const Options& options, int device_index,
                     int threads);

}  // namespace lungrt::onnxruntime
