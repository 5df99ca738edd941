/// Memory for activations that is kept between runs.
#pragma once

namespace lungrt::torch_common {

/// While one lives, large CPU tensors made by this thread come from a cache. With the C library's
/// allocator every activation of some megabytes is mapped, faulted in page by page and unmapped
/// again: about 30,000 page faults a slice. Other threads and an application's own tensors are
/// served as before.
class RunAllocatorScope {
 public:
  RunAllocatorScope();
  ~RunAllocatorScope();
  RunAllocatorScope(const RunAllocatorScope&) = delete;
  RunAllocatorScope& operator=(const RunAllocatorScope&) = delete;

 private:
  bool previous_;
};

/// Hands the cache's idle memory back to the system when it goes: the first member of a session, so
/// that it goes last.
struct IdleMemory {
  IdleMemory() = default;
  ~IdleMemory();
  IdleMemory(const IdleMemory&) = delete;
  IdleMemory& operator=(const IdleMemory&) = delete;
};

}  // namespace lungrt::torch_common
