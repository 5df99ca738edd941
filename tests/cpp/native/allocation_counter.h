/// Counts a program's allocations, and makes them fail.
///
/// The program with this file replaces operator new and is linked with --wrap for the C functions
/// that the project calls.
#pragma once

namespace lungrt::testing {

/// Number of calls of operator new, malloc, calloc, realloc and aligned_alloc so far, in any
/// thread.
long allocations();

/// Bytes of the heap that are in use, and their maximum since reset_peak().
long live_bytes();
long peak_bytes();
void reset_peak();

/// While it lives, aligned_alloc() fails after this number of calls.
class MemoryRunsOut {
 public:
  explicit MemoryRunsOut(long calls_before);
  ~MemoryRunsOut();
  MemoryRunsOut(const MemoryRunsOut&) = delete;
  MemoryRunsOut& operator=(const MemoryRunsOut&) = delete;
};

}  // namespace lungrt::testing
