/// Table of the CUDA core.

#include "ops/cuda/device_machine.cuh"

extern "C" __attribute__((visibility("default"))) const LungrtCudaTable* lungrt_cuda_table() {
  return &lungrt::ops::cuda::kTableOf<lungrt::ops::cuda::DeviceMachine>;
}
