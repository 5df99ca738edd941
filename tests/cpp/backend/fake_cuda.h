#pragma once

#include "ops/cuda/library_table.h"

namespace lungrt::testing {

/// How many devices the fake CUDA core has; each library that is made of it defines its own number.
/// -1: none, because the driver is too old.
extern const int kFakeCudaDevices;

/// The functions of the fake CUDA core, as the real one's library exports them.
LungrtCudaTable fake_cuda_table();

}  // namespace lungrt::testing
