#include "backend/torch_common/device_failures.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>

#include "backend/cuda_driver.h"

namespace lungrt::torch_common {
namespace {

using engine_library::Failure;

bool has_any(const std::string& words, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return words.find(part) != std::string::npos; });
}

/// Devices that failed for good, with the words of the failure.
struct Lost {
  std::mutex mutex;
  std::map<int, std::string> words;
};

Lost& lost() {
  static Lost instance;
  return instance;
}

std::string named(const DeviceInMessages& device) {
  return "cuda:" + std::to_string(device.index) + " (" + device.name + ")";
}

/// "2.00 GiB" of torch's "Tried to allocate 2.00 GiB."
std::string wanted_of(const std::string& words) {
  const std::string key = "Tried to allocate ";
  const auto found = words.find(key);
  if (found == std::string::npos) return "an unknown amount";
  const auto first = found + key.size();
  const auto unit = words.find(' ', first);
  return words.substr(first, words.find_first_of(". ,;\n", unit + 1) - first);
}

/// The first line, without the advice on debugging that CUDA's messages end with.
std::string first_line(const std::string& words) { return words.substr(0, words.find('\n')); }

Failure out_of_memory(const DeviceInMessages& device, const std::string& words) {
  return {kLungrtOutOfMemory,
          named(device) + " has too little memory: " + wanted_of(words) + " was wanted, and " +
              device.free_memory() +
              " are free although torch's cache was emptied and the run repeated; end other "
              "programs on this device, use another device, or use a smaller volume (" +
              first_line(words) + ")"};
}

Failure device_lost(const DeviceInMessages& device, const std::string& words) {
  {
    const std::lock_guard lock(lost().mutex);
    lost().words.emplace(device.index, first_line(words));
  }
  return {kLungrtDeviceUnavailable,
          named(device) + " was lost: " + first_line(words) +
              "; CUDA cannot be used again in this process: start the program again, and if this "
              "happens again, look for Xid errors in the system's log"};
}

/// What a run failed with; nothing where it succeeded.
std::optional<Failure> failure_of(const std::function<void()>& run, LungrtStatus otherwise) {
  try {
    run();
    return std::nullopt;
  } catch (...) {  // becomes a Failure that says what it was
    return engine_library::meaning_of_current_exception(otherwise);
  }
}

/// \return "1.2 of 139.8 GB"
std::string in_gigabytes(std::size_t free, std::size_t total) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f of %.1f GB", static_cast<double>(free) / 1e9,
                static_cast<double>(total) / 1e9);
  return text.data();
}

/// Older versions of torch cannot tell.
template <typename Allocator>
std::string free_memory_of(Allocator& allocator, int index) {
  if constexpr (requires { allocator.getMemoryInfo(c10::DeviceIndex{}); }) {
    const auto [free, total] = allocator.getMemoryInfo(static_cast<c10::DeviceIndex>(index));
    return in_gigabytes(free, total);
  }
  return "an unknown number of GB";
}

}  // namespace

bool is_out_of_device_memory(const std::string& words) {
  return has_any(
      words, {"CUDA out of memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED",
              "CUDNN_STATUS_ALLOC_FAILED", "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"});
}

bool is_device_lost(const std::string& words) {
  return has_any(words,
                 {"an illegal memory access was encountered", "unspecified launch failure",
                  "device-side assert triggered", "uncorrectable ECC error encountered",
                  "uncorrectable NVLink error", "misaligned address",
                  "an illegal instruction was encountered", "invalid program counter",
                  "hardware stack error", "operation not supported on global/shared address space",
                  "the launch timed out and was terminated"});
}

DeviceInMessages device_in_messages(int index) {
  return {.index = index,
          .name = cuda_driver::device_name(index),
          .empty_cache = [] { c10::getDeviceAllocator(c10::DeviceType::CUDA)->emptyCache(); },
          .free_memory =
              [index] {
                return free_memory_of(*c10::getDeviceAllocator(c10::DeviceType::CUDA), index);
              }};
}

void run_on_device(const DeviceInMessages& device, LungrtStatus otherwise,
                   const std::function<void()>& run) {
  refuse_lost_device(device.index);
  std::optional<Failure> failure = failure_of(run, otherwise);
  if (failure && is_out_of_device_memory(failure->what())) {
    // Only here, where the exception and with it the tensors of the first try are gone.
    device.empty_cache();
    failure = failure_of(run, otherwise);
  }
  if (!failure) return;
  if (is_device_lost(failure->what())) throw device_lost(device, failure->what());
  if (is_out_of_device_memory(failure->what())) throw out_of_memory(device, failure->what());
  throw Failure(failure->status(), named(device) + ": " + failure->what());
}

void refuse_lost_device(int index) {
  const std::lock_guard lock(lost().mutex);
  const auto found = lost().words.find(index);
  if (found == lost().words.end()) return;
  throw Failure(kLungrtDeviceUnavailable,
                "cuda:" + std::to_string(index) + " was lost earlier in this process (" +
                    found->second +
                    "), and CUDA cannot be used again before the program is started again");
}

}  // namespace lungrt::torch_common
