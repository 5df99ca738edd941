/// The torch library in this process: its version, its exceptions and its threads.
#pragma once

#include "backend/engine_table.h"

namespace lungrt::torch_common {

/// Implements the table's `open_runtime`: reports torch's version, refuses another minor version
/// than this library was built for, and loads CUDA's part of torch where there is a device.
LungrtStatus open_runtime(const char* folder, LungrtText* text);

/// One slice per thread is faster than the rows of one slice across threads: nothing waits for the
/// slowest thread at the end of each operator. But each run stream keeps activations of its own
/// (about 200 MB for a slice of 512 x 512).
inline constexpr int kMaxRunStreams = 4;

/// Sets the thread count of ATen's parallel loops and oneDNN, and restores the old one.
/// at::set_num_threads would change it for the whole process, including an application's own torch.
class ThreadCountScope {
 public:
  explicit ThreadCountScope(int threads);
  ~ThreadCountScope();
  ThreadCountScope(const ThreadCountScope&) = delete;
  ThreadCountScope& operator=(const ThreadCountScope&) = delete;

 private:
  int previous_;
};

}  // namespace lungrt::torch_common
