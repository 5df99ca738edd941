/// Table of the CUDA core.

#include "ops/cuda/device_machine.cuh"

extern "C" __attribute__((visibility("default"))) const LungrtCudaTable* lungrt_cuda_table() {
  static constexpr LungrtCudaTable kTable =
      lungrt::ops::cuda::table_of<lungrt::ops::cuda::DeviceMachine>();
  return &kTable;
}
