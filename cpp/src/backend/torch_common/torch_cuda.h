/// CUDA's part of the torch in this process.
#pragma once

#include <string>

namespace lungrt::torch_common {

/// Loads libtorch_cuda.so where the driver has a device; later calls do nothing.
///
/// To be called before anything asks torch for CUDA: torch then looks for the functions that the
/// library registers, and never again. Even its description of its build asks.
void load_torch_cuda();

/// Number of CUDA devices that torch can use.
int cuda_devices();

/// Why there is none: what is missing, where, and what to do. Empty where there are devices.
std::string why_no_cuda();

}  // namespace lungrt::torch_common
