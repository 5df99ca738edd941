/// Number of threads that an operator may use, for the calling thread only.
#pragma once

namespace lungrt::torch_common {

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
