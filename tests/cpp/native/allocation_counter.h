/// Counts what a program allocates, and lets it run out of memory.
///
/// The executable that has this replaces operator new, and is linked with --wrap for the functions
/// of C that the project calls itself.
#pragma once

namespace lungrt::testing {

/// Calls of operator new, malloc, calloc, realloc and aligned_alloc, by any thread, so far.
long allocations();

/// Bytes of the heap that are in use, and the most of them at once since reset_peak().
long live_bytes();
long peak_bytes();
void reset_peak();

/// While it lives, aligned_alloc() fails after so many more calls.
class MemoryRunsOut {
 public:
  explicit MemoryRunsOut(long calls_before);
  ~MemoryRunsOut();
  MemoryRunsOut(const MemoryRunsOut&) = delete;
  MemoryRunsOut& operator=(const MemoryRunsOut&) = delete;
};

}  // namespace lungrt::testing
