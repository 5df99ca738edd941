/// A CUDA core whose devices are host memory. fake_cuda_entry.cpp makes libraries of it.

#include "backend/fake_cuda.h"

#include <cstdlib>
#include <string>

#include "ops/cuda/driver_release.h"
#include "ops/cuda/host_machine.h"
#include "ops/cuda/library.h"

namespace {

using lungrt::ops::cuda::MemoryState;

/// The tests' machine, with the additional functions that the library requires.
class FakeDevice : public lungrt::testing::HostMachine {
 public:
  struct Scope {
    explicit Scope(int) {}
  };

  explicit FakeDevice(int device) : HostMachine({48, 5, 1, false}), device_(device) {}

  static std::string version() { return "imagined CUDA 1.0"; }
  static lungrt::ops::cuda::Devices devices() {
    using lungrt::testing::kFakeCudaDevices;
    if (kFakeCudaDevices > 0) return {kFakeCudaDevices, kLungrtOk, ""};
    if (kFakeCudaDevices == 0) return {0, kLungrtDeviceUnavailable, "no driver is installed"};
    return {0, kLungrtUnsupportedRuntime,
            lungrt::ops::cuda::driver_too_old(13000, 12040, "550.54.14")};
  }
  int index() const { return device_; }
  void* stream() const { return const_cast<FakeDevice*>(this); }
  void wait() {}

  static void* allocate_zeros(int device, std::size_t bytes) {
    if (bytes > std::size_t{1} << 40) {
      throw lungrt::ops::cuda::Failure(
          kLungrtOutOfMemory, "could not allocate a lot on cuda:" + std::to_string(device));
    }
    return std::calloc(bytes, 1);
  }
  static void release(void* memory) { std::free(memory); }

  /// Free memory from the environment variable FAKE_CUDA_MEMORY.
  MemoryState memory() const {
    const char* bytes = std::getenv("FAKE_CUDA_MEMORY");
    const std::size_t free = bytes == nullptr ? std::size_t{1} << 40 : std::stoull(bytes);
    return {free, std::size_t{1} << 40};
  }

 private:
  int device_;
};

}  // namespace

LungrtCudaTable lungrt::testing::fake_cuda_table() {
  return lungrt::ops::cuda::kTableOf<FakeDevice>;
}
