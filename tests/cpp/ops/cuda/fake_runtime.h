/// Stand-in for the CUDA runtime and the part of the driver that the CUDA core calls. Memory is
/// host memory; work is put off until somebody waits for it, as a busy device does, so that memory
/// that is freed or changed too early gives wrong results.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>

namespace lungrt::testing {

struct FakeRuntime {
  int devices = 2;
  int driver = CUDART_VERSION;  ///< newest CUDA that the driver supports; 0: no driver
  std::size_t free_bytes = std::size_t{1} << 40, total_bytes = std::size_t{1} << 40;
  cudaError_t probe = cudaSuccess;  ///< what loading the kernels gives

  /// Call that fails: the `fail_at`th of the function `fail_in`, or of all if that is empty.
  std::string fail_in;
  int fail_at = -1;
  cudaError_t fail_with = cudaErrorUnknown;
  bool sticky = false;  ///< every later call fails, too

  // What has happened.
  std::map<int, int> contexts;  ///< device -> contexts created
  std::map<void*, std::size_t> device_memory, locked_memory;
  int streams = 0;                     ///< that were created
  int events = 0;                      ///< that exist
  int pageable_uploads = 0;            ///< copies from memory that is not page-locked
  int calls_that_break_a_capture = 0;  ///< calls that another thread's CUDA graph would not survive
  int calls = 0;                       ///< that `fail_at` counts
  bool lost = false;                   ///< whether a sticky error has occurred

  /// Whether anything is left that should have been freed.
  bool holds_something() const {
    return !device_memory.empty() || !locked_memory.empty() || events != 0;
  }
};

/// The state of this process; assign FakeRuntime{} to start again.
FakeRuntime& fake_runtime();

/// The device of the calling thread's current context, or -1.
int current_context();
/// Makes a context the current one, as an application would; -1: none.
void set_current_context(int device);

/// Puts work on a stream; for launches of kernels.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);

}  // namespace lungrt::testing
