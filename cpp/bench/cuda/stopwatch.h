/// Times work on a CUDA device, each piece beside the time that this device needs to copy as many
/// bytes.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/device_errors.h"

namespace lungrt::ops::cuda {

/// \tparam Machine  see PlacedVolume
template <typename Machine>
class DeviceStopwatch {
 public:
  static constexpr int kRounds = 30, kWarmUp = 3;

  /// \param csv    receives comma-separated values
  /// \param table  receives the same for readers
  DeviceStopwatch(Machine& machine, std::FILE* csv, std::FILE* table)
      : machine_(machine),
        csv_(csv),
        table_(table),
        flushed_(machine),
        source_(machine),
        target_(machine) {
    must(cudaEventCreateWithFlags(&start_, cudaEventDefault), "new event");
    must(cudaEventCreateWithFlags(&end_, cudaEventDefault), "new event");
    int cache = 0;
    must(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, machine.index()), "L2 cache");
    cache_bytes_ = 2 * std::max<std::int64_t>(cache, std::int64_t{1} << 20);
    flushed_.reserve(cache_bytes_);
    std::fprintf(csv_,
                 "kernel,microseconds,floor_microseconds,times_the_floor,fastest_microseconds,"
                 "bytes,rounds\n");
    const auto large = static_cast<double>(4 * cache_bytes_);
    const double copy = floor_of(2.0 * large);
    std::fprintf(table_,
                 "cuda:%d: copies %.0f GB/s (read and written) within its memory; L2 cache %.1f MB,"
                 " flushed before each round; medians of %d rounds\n",
                 machine.index(), 2e-3 * large / copy, 1e-6 * cache, kRounds);
    std::fprintf(table_, "%-40s %12s %12s %8s\n", "", "microseconds", "floor", "times");
  }
  ~DeviceStopwatch() {
    cudaEventDestroy(start_);
    cudaEventDestroy(end_);
  }
  DeviceStopwatch(const DeviceStopwatch&) = delete;
  DeviceStopwatch& operator=(const DeviceStopwatch&) = delete;

  /// Times a kernel on the device.
  /// \param bytes  least number of bytes that it must read and write
  template <typename Kernel>
  void kernel(const char* name, double bytes, std::int64_t blocks, const Kernel& kernel) {
    report(name, on_device([&] { machine_.launch(blocks, kernel); }), bytes, floor_of(bytes));
  }

  /// Times work that ends in host memory, by the host's clock.
  /// \param floor  in microseconds; 0: it has none
  void host(const std::string& name, double bytes, double floor,
            const std::function<void()>& work) {
    report(name.c_str(), by_host(work), bytes, floor);
  }

  /// Median microseconds of a copy from page-locked memory.
  double floor_of_upload(void* memory, std::int64_t bytes) {
    void* allocated = nullptr;
    must(cudaHostAlloc(&allocated, static_cast<std::size_t>(bytes), cudaHostAllocDefault),
         "page-locked memory");
    const std::unique_ptr<void, decltype(&cudaFreeHost)> locked(allocated, &cudaFreeHost);
    return by_host([&] {
      must(cudaMemcpyAsync(memory, locked.get(), static_cast<std::size_t>(bytes),
                           cudaMemcpyHostToDevice, stream()),
           "copy to the device");
      machine_.wait();
    })[kRounds / 2];
  }

 private:
  cudaStream_t stream() const { return static_cast<cudaStream_t>(machine_.stream()); }
  void must(cudaError_t error, const char* what) const {
    check(error, kLungrtInference, what, machine_.index());
  }

  void flush() {
    machine_.clear(flushed_.data(), static_cast<std::size_t>(cache_bytes_));
    machine_.wait();
  }

  /// Sorted microseconds by the device's clock.
  std::vector<double> on_device(const std::function<void()>& work) {
    std::vector<double> all;
    for (int round = 0; round < kRounds + kWarmUp; ++round) {
      flush();
      must(cudaEventRecord(start_, stream()), "event");
      work();
      must(cudaEventRecord(end_, stream()), "event");
      machine_.wait();
      float milliseconds = 0;
      must(cudaEventElapsedTime(&milliseconds, start_, end_), "event");
      if (round >= kWarmUp) all.push_back(1e3 * milliseconds);
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  std::vector<double> by_host(const std::function<void()>& work) {
    std::vector<double> all;
    for (int round = 0; round < kRounds + kWarmUp; ++round) {
      flush();
      const auto start = std::chrono::steady_clock::now();
      work();
      const std::chrono::duration<double, std::micro> passed =
          std::chrono::steady_clock::now() - start;
      if (round >= kWarmUp) all.push_back(passed.count());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  /// Median microseconds of a copy within the device that reads and writes as many bytes.
  double floor_of(double bytes) {
    const auto half = static_cast<std::size_t>(bytes / 2);
    for (auto* buffer : {&source_, &target_}) {
      machine_.clear(buffer->reserve(static_cast<std::int64_t>(half)), half);
    }
    return on_device([&] {
      must(
          cudaMemcpyAsync(target_.data(), source_.data(), half, cudaMemcpyDeviceToDevice, stream()),
          "copy on the device");
    })[kRounds / 2];
  }

  void report(const char* name, const std::vector<double>& times, double bytes, double floor) {
    const double median = times[kRounds / 2];
    std::fprintf(table_, "%-40s %12.1f", name, median);
    std::fprintf(csv_, "\"%s\",%.1f,", name, median);
    if (floor > 0) {
      std::fprintf(table_, " %12.1f %8.2f", floor, median / floor);
      std::fprintf(csv_, "%.1f,%.2f", floor, median / floor);
    } else {
      std::fprintf(csv_, ",");
    }
    std::fprintf(table_, "\n");
    std::fprintf(csv_, ",%.1f,%.0f,%d\n", times.front(), bytes, kRounds);
    std::fflush(csv_);  // what was measured is kept if a later kernel fails
  }

  Machine& machine_;
  std::FILE *csv_, *table_;
  Buffer<Machine, char> flushed_, source_, target_;
  std::int64_t cache_bytes_ = 0;
  cudaEvent_t start_{}, end_{};
};

}  // namespace lungrt::ops::cuda
