/// Copies from ordinary host memory to a device.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

#include "ops/cuda/device_errors.h"

namespace lungrt::ops::cuda {

/// Two page-locked buffers that are filled in turns: while the device fetches one, the host fills
/// the other. When copy() returns, the source has been read, whatever the device has still to do.
/// The buffers belong to one stream; they have a fixed size, whatever is copied.
class StagedUpload {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{8} << 20;

  explicit StagedUpload(int device) : device_(device) {}
  ~StagedUpload() {
    for (Stage& stage : stages_) {
      if (stage.copied != nullptr) cudaEventDestroy(stage.copied);
      if (stage.memory != nullptr)
        cudaFreeHost(stage.memory);  // waits until the device no longer reads it
    }
  }
  StagedUpload(const StagedUpload&) = delete;
  StagedUpload& operator=(const StagedUpload&) = delete;

  void copy(void* memory, const void* host, std::size_t bytes, cudaStream_t stream) {
    auto* to = static_cast<std::byte*>(memory);
    const auto* from = static_cast<const std::byte*>(host);
    while (bytes > 0) {
      Stage& stage = next();
      const std::size_t part = std::min(bytes, kBufferBytes);
      fill(static_cast<std::byte*>(stage.memory), from, part);
      check(cudaMemcpyAsync(to, stage.memory, part, cudaMemcpyHostToDevice, stream),
            kLungrtInference, "copy to the device", device_);
      check(cudaEventRecord(stage.copied, stream), kLungrtInference, "copy to the device", device_);
      to += part;
      from += part;
      bytes -= part;
    }
  }

 private:
  struct Stage {
    void* memory = nullptr;
    cudaEvent_t copied = nullptr;
  };

  /// The buffer whose turn it is, when the device no longer reads it.
  Stage& next() {
    turn_ = 1 - turn_;
    Stage& stage = stages_[turn_];
    if (stage.copied == nullptr) {
      check(cudaEventCreateWithFlags(&stage.copied, cudaEventDisableTiming), kLungrtInference,
            "new event", device_);
    }
    if (stage.memory == nullptr) {
      const cudaError_t error = cudaHostAlloc(&stage.memory, kBufferBytes, cudaHostAllocDefault);
      if (error == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        throw Failure(kLungrtOutOfMemory, "could not lock " + std::to_string(kBufferBytes >> 20) +
                                              " MiB of host memory for copies to " +
                                              device_text(device_));
      }
      check(error, kLungrtInference, "page-locked memory", device_);
    } else {
      check(cudaEventSynchronize(stage.copied), kLungrtInference, "copy to the device", device_);
    }
    return stage;
  }

  /// One thread reads memory more slowly than a device fetches it, so several share the work.
  static void fill(std::byte* to, const std::byte* from, std::size_t bytes) {
    constexpr std::size_t kMostReaders = 4, kLeastBytes = std::size_t{1} << 20;
    const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t threads =
        std::min({kMostReaders, processors, std::max<std::size_t>(1, bytes / kLeastBytes)});
    const std::size_t share = bytes / threads;
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < threads; ++t, to += share, from += share, bytes -= share) {
      others.emplace_back([to, from, share] { std::memcpy(to, from, share); });
    }
    std::memcpy(to, from, bytes);
  }

  int device_;
  std::size_t turn_ = 0;
  std::array<Stage, 2> stages_;
};

}  // namespace lungrt::ops::cuda
