/// CUDA device as a machine that kernels run on: what the host does. It calls only the CUDA
/// runtime, so tests link it with a stand-in for the runtime.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "ops/cuda/device_errors.h"
#include "ops/cuda/device_scope.h"
#include "ops/cuda/driver_release.h"
#include "ops/cuda/library.h"
#include "ops/cuda/staged_upload.h"
#include "ops/cuda/stream_pool.h"

namespace lungrt::ops::cuda {

/// Stream lent by the process, which keeps it. It does not synchronise with the default stream,
/// which the whole process shares.
class Stream {
 public:
  explicit Stream(int device)
      : device_(device), stream_(pool().take(device, [device] { return created(device); })) {}
  ~Stream() { pool().give_back(device_, stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  /// Never destroyed: at the end of the process, CUDA may be gone before.
  static StreamPool<cudaStream_t>& pool() {
    static auto* streams = new StreamPool<cudaStream_t>();
    return *streams;
  }
  static cudaStream_t created(int device) {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), kLungrtDeviceUnavailable,
          "new stream", device);
    return stream;
  }

  int device_;
  cudaStream_t stream_;
};

/// \tparam Launcher  static functions: launch(blocks, threads, stream, kernel), which starts a
///                   kernel; probe(), which finds out whether the device can run them; and
///                   built_for(), the architectures that they were compiled for, as text
template <typename Launcher>
class DeviceMachineWith {
 public:
  static constexpr unsigned kThreads = 256;
  using Scope = DeviceScope;

  explicit DeviceMachineWith(int device)
      : device_(device), most_blocks_(blocks_of(device)), stream_(device), upload_(device) {}
  ~DeviceMachineWith() { cudaStreamSynchronize(stream_.get()); }  // buffers are freed next
  DeviceMachineWith(const DeviceMachineWith&) = delete;
  DeviceMachineWith& operator=(const DeviceMachineWith&) = delete;

  static std::string version() { return "CUDA " + cuda_version(CUDART_VERSION); }

  static Devices devices() {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess) {
      if (count > 0) return {count, kLungrtOk, ""};
      return {0, kLungrtDeviceUnavailable, "the driver finds none"};
    }
    cudaGetLastError();
    int driver = 0;
    cudaDriverGetVersion(&driver);
    if (driver == 0) {
      return {0, kLungrtDeviceUnavailable,
              described(error) + "; no NVIDIA driver is installed (built with " + version() + ")"};
    }
    if (error == cudaErrorInsufficientDriver) {
      return {0, kLungrtUnsupportedRuntime,
              driver_too_old(CUDART_VERSION, driver, driver_release())};
    }
    return {0, kLungrtDeviceUnavailable,
            described(error) + " (built with " + version() + ", the driver supports CUDA " +
                cuda_version(driver) + ")"};
  }

  int index() const { return device_; }
  void* stream() const { return stream_.get(); }

  template <typename Kernel>
  void launch(std::int64_t wanted, const Kernel& kernel) {
    if (wanted <= 0) return;
    const auto blocks = static_cast<unsigned>(wanted < most_blocks_ ? wanted : most_blocks_);
    check(Launcher::launch(blocks, kThreads, stream_.get(), kernel), kLungrtInference,
          "start of a kernel", device_);
  }

  static void* allocate_zeros(int device, std::size_t bytes) {
    const Stream stream(device);
    void* memory = allocate_on(device, bytes);
    try {
      check(cudaMemsetAsync(memory, 0, bytes, stream.get()), kLungrtInference, "memset", device);
      check(cudaStreamSynchronize(stream.get()), kLungrtInference, "memset", device);
    } catch (...) {
      release(memory);
      throw;
    }
    return memory;
  }
  void* allocate(std::size_t bytes) { return allocate_on(device_, bytes); }
  static void release(void* memory) {
    if (cudaFree(memory) != cudaSuccess) cudaGetLastError();  // the context is gone, and it with it
  }

  void clear(void* memory, std::size_t bytes) {
    check(cudaMemsetAsync(memory, 0, bytes, stream_.get()), kLungrtInference, "memset", device_);
  }
  /// The host memory may be changed or freed when this returns.
  void upload(void* memory, const void* host, std::size_t bytes) {
    upload_.copy(memory, host, bytes, stream_.get());
  }
  void download(void* host, const void* memory, std::size_t bytes) {
    check(cudaMemcpyAsync(host, memory, bytes, cudaMemcpyDeviceToHost, stream_.get()),
          kLungrtInference, "copy from the device", device_);
    wait();
  }
  void wait() { check(cudaStreamSynchronize(stream_.get()), kLungrtInference, "work", device_); }

  MemoryState memory() const {
    MemoryState state{};
    check(cudaMemGetInfo(&state.free, &state.total), kLungrtInference, "free memory", device_);
    return state;
  }

 private:
  static int attribute(cudaDeviceAttr which, int device) {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, which, device), kLungrtDeviceUnavailable,
          "device attributes", device);
    return value;
  }

  /// Number of blocks that keep the device busy. First checks that it can run the kernels, which
  /// otherwise would show at the first launch, in the middle of a run.
  static std::int64_t blocks_of(int device) {
    const cudaError_t error = Launcher::probe();
    switch (error) {
      case cudaErrorNoKernelImageForDevice:
      case cudaErrorInvalidDeviceFunction:
      case cudaErrorInvalidKernelImage:
      case cudaErrorInvalidPtx:
      case cudaErrorUnsupportedPtxVersion:
      case cudaErrorJitCompilerNotFound:
      case cudaErrorJitCompilationDisabled:
        cudaGetLastError();
        throw Failure(
            kLungrtUnsupportedRuntime,
            "it has no code for " + device_text(device) + ", which has compute capability " +
                std::to_string(attribute(cudaDevAttrComputeCapabilityMajor, device)) + "." +
                std::to_string(attribute(cudaDevAttrComputeCapabilityMinor, device)) + ": " +
                described(error) + "; it was built for " + Launcher::built_for());
      default:
        check(error, kLungrtDeviceUnavailable, "loading of the kernels", device);
    }
    return std::int64_t{attribute(cudaDevAttrMultiProcessorCount, device)} * 16;
  }

  static void* allocate_on(int device, std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, bytes);
    if (error == cudaErrorMemoryAllocation) throw_out_of_memory(device, bytes);
    check(error, kLungrtInference, "memory", device);
    return memory;
  }

  int device_;
  std::int64_t most_blocks_;
  Stream stream_;
  StagedUpload upload_;
};

}  // namespace lungrt::ops::cuda
