/// Cache of memory for activations, which is kept between runs.
#pragma once

namespace lungrt::torch_common {

/// While an instance lives, large CPU tensors that this thread allocates come from a cache. The C
/// library's allocator maps every activation of some megabytes, faults it in page by page and
/// unmaps it again: about 30,000 page faults per slice. Other threads and an application's own
/// tensors are not affected.
class RunAllocatorScope {
 public:
  RunAllocatorScope();
  ~RunAllocatorScope();
  RunAllocatorScope(const RunAllocatorScope&) = delete;
  RunAllocatorScope& operator=(const RunAllocatorScope&) = delete;

 private:
  bool previous_;
};

/// Frees the cache's idle memory when it is destroyed. It is the first member of a session and
/// therefore destroyed last.
struct IdleMemory {
  IdleMemory() = default;
  ~IdleMemory();
  IdleMemory(const IdleMemory&) = delete;
  IdleMemory& operator=(const IdleMemory&) = delete;
};

}  // namespace lungrt::torch_common
