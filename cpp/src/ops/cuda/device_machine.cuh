/// CUDA device as a machine that kernels run on.
#pragma once

#include <cuda_runtime.h>

#include <string>

#include "ops/cuda/kernel.h"
#include "ops/cuda/library.h"
#include "ops/cuda/stream_pool.h"

namespace lungrt::ops::cuda {

inline void check(cudaError_t error, LungrtStatus status, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // clears the error, so that the next call does not report it again
  throw Failure(error == cudaErrorMemoryAllocation ? kLungrtOutOfMemory : status,
                std::string("CUDA, ") + what + ": " + cudaGetErrorString(error));
}

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

class DeviceMachine {
 public:
  static constexpr int kThreads = 256;

  /// Sets the calling thread's device and restores the application's afterwards.
  class Scope {
   public:
    explicit Scope(int device) {
      cudaGetDevice(&before_);
      if (before_ != device) cudaSetDevice(device);
    }
    ~Scope() { cudaSetDevice(before_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    int before_ = 0;
  };

  explicit DeviceMachine(int device) : device_(device) {
    int processors = 0;
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
          kLungrtDeviceUnavailable, "device attributes");
    most_blocks_ = std::int64_t{processors} * 16;
    stream_ = streams().take(device, new_stream);
  }
  ~DeviceMachine() { streams().give_back(device_, stream_); }
  DeviceMachine(const DeviceMachine&) = delete;
  DeviceMachine& operator=(const DeviceMachine&) = delete;

  static std::string version() {
    return "CUDA " + std::to_string(CUDART_VERSION / 1000) + "." +
           std::to_string(CUDART_VERSION % 1000 / 10);
  }

  static int device_count(std::string& reason) {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess) return count;
    cudaGetLastError();
    int driver = 0;
    cudaDriverGetVersion(&driver);
    reason = std::string(cudaGetErrorString(error)) + " (built with " + version() +
             (driver == 0 ? ", no driver is installed)"
                          : ", the driver supports CUDA " + std::to_string(driver / 1000) + "." +
                                std::to_string(driver % 1000 / 10) + ")");
    return 0;
  }

  int index() const { return device_; }
  void* stream() const { return stream_; }

  template <typename Kernel>
  void launch(std::int64_t wanted, const Kernel& kernel) {
    if (wanted <= 0) return;
    const auto blocks = static_cast<unsigned>(wanted < most_blocks_ ? wanted : most_blocks_);
    run_kernel<<<blocks, kThreads, 0, stream_>>>(kernel);
    check(cudaGetLastError(), kLungrtInference, "kernel");
  }

  static void* allocate_zeros(int device, std::size_t bytes) {
    void* memory = allocate_on(device, bytes);
    check(cudaMemset(memory, 0, bytes), kLungrtInference, "memset");
    check(cudaStreamSynchronize(cudaStreamLegacy), kLungrtInference, "memset");
    return memory;
  }
  void* allocate(std::size_t bytes) { return allocate_on(device_, bytes); }
  static void release(void* memory) { cudaFree(memory); }

  void clear(void* memory, std::size_t bytes) {
    check(cudaMemsetAsync(memory, 0, bytes, stream_), kLungrtInference, "memset");
  }
  void upload(void* memory, const void* host, std::size_t bytes) {
    check(cudaMemcpyAsync(memory, host, bytes, cudaMemcpyHostToDevice, stream_), kLungrtInference,
          "copy to the device");
  }
  void download(void* host, const void* memory, std::size_t bytes) {
    check(cudaMemcpyAsync(host, memory, bytes, cudaMemcpyDeviceToHost, stream_), kLungrtInference,
          "copy from the device");
    wait();
  }
  void wait() { check(cudaStreamSynchronize(stream_), kLungrtInference, "work on the device"); }

  MemoryState memory() const {
    MemoryState state{};
    check(cudaMemGetInfo(&state.free, &state.total), kLungrtInference, "memory");
    return state;
  }

 private:
  static void* allocate_on(int device, std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, bytes);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      MemoryState state{};
      cudaMemGetInfo(&state.free, &state.total);
      throw Failure(kLungrtOutOfMemory,
                    "could not allocate " + gigabytes(static_cast<double>(bytes)) + " on cuda:" +
                        std::to_string(device) + ": " + gigabytes(static_cast<double>(state.free)) +
                        " of " + gigabytes(static_cast<double>(state.total)) + " are free");
    }
    check(error, kLungrtInference, "memory");
    return memory;
  }

  /// Never destroyed: at the end of the process, CUDA may be gone before.
  static StreamPool<cudaStream_t>& streams() {
    static auto* pool = new StreamPool<cudaStream_t>();
    return *pool;
  }
  /// Of the current device. Not synchronised with the default stream, which the whole process
  /// shares.
  static cudaStream_t new_stream() {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), kLungrtDeviceUnavailable,
          "new stream");
    return stream;
  }

  int device_;
  std::int64_t most_blocks_ = 0;
  cudaStream_t stream_ = nullptr;
};

}  // namespace lungrt::ops::cuda
