/// How many threads an operator may use, for the calling thread alone.
#pragma once

namespace lungrt::torch_common {

/// Sets the count that ATen's parallel loops and oneDNN ask for, and puts the old one back.
/// at::set_num_threads would change it for the whole process, an application's own torch included.
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
