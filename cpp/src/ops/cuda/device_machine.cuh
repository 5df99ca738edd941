/// CUDA device as a machine that kernels run on: what the device does.
#pragma once

#include <cuda_runtime.h>

#include <string>

#include "ops/cuda/device_machine.h"
#include "ops/cuda/kernel.h"

namespace lungrt::ops::cuda {

/// Block of threads on the device.
class DeviceBlock {
 public:
  __device__ std::int64_t index() const { return blockIdx.x; }
  __device__ std::int64_t blocks() const { return gridDim.x; }
  __device__ int threads() const { return static_cast<int>(blockDim.x); }

  template <typename Function>
  __device__ void each_thread(const Function& function) {
    function(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
  template <typename Function>
  __device__ void each_item(std::int64_t count, const Function& function) {
    const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x;
    for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
         i += step) {
      function(i);
    }
  }
  template <typename Kernel>
  __device__ auto& shared() {
    __shared__ typename Kernel::Shared memory;
    return memory;
  }

  __device__ static std::int32_t atomic_add(std::int32_t* value, std::int32_t more) {
    return atomicAdd(value, more);
  }
  __device__ static std::int64_t atomic_add(std::int64_t* value, std::int64_t more) {
    return static_cast<std::int64_t>(
        atomicAdd(reinterpret_cast<unsigned long long*>(value),
                  static_cast<unsigned long long>(
                      more)));  // two's complement: also right for negative values
  }
  __device__ static std::int32_t atomic_min(std::int32_t* value, std::int32_t other) {
    return atomicMin(value, other);
  }
  __device__ static std::int64_t atomic_min(std::int64_t* value, std::int64_t other) {
    return atomicMin(reinterpret_cast<long long*>(value), static_cast<long long>(other));
  }
  template <typename T>
  __device__ static T load(const T* value) {
    return *static_cast<const volatile T*>(value);
  }
  __device__ static float multiply_add(float a, float b, float c) {
    return __fadd_rn(__fmul_rn(a, b), c);
  }
  __device__ static float exp(float value) { return expf(value); }
};

template <typename Kernel>
__global__ void __launch_bounds__(256) run_kernel(const Kernel kernel) {
  DeviceBlock block;
  kernel(block);
}

struct KernelLauncher {
  template <typename Kernel>
  static cudaError_t launch(unsigned blocks, unsigned threads, cudaStream_t stream,
                            const Kernel& kernel) {
    void* arguments[] = {const_cast<Kernel*>(&kernel)};
    return cudaLaunchKernel(entry<Kernel>(), dim3(blocks), dim3(threads), arguments, 0, stream);
  }

  /// All kernels are in one file, so one stands for all.
  static cudaError_t probe() {
    cudaFuncAttributes attributes{};
    return cudaFuncGetAttributes(&attributes, entry<Erode>());
  }

  /// "7.5, 8.0, 9.0, 10.0 and newer"
  static std::string built_for() {
    std::string text;
    for (const int architecture : {__CUDA_ARCH_LIST__}) {
      if (!text.empty()) text += ", ";
      text += std::to_string(architecture / 100) + "." + std::to_string(architecture / 10 % 10);
    }
    return text + " and newer";
  }

 private:
  template <typename Kernel>
  static const void* entry() {
    return reinterpret_cast<const void*>(&run_kernel<Kernel>);
  }
};

using DeviceMachine = DeviceMachineWith<KernelLauncher>;

}  // namespace lungrt::ops::cuda
