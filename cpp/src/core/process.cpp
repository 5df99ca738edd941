#include "lungrt/process.h"

#include <malloc.h>

namespace lungrt {

bool tune_process_allocator() noexcept {
  constexpr int kNeverMapBelow = 1 << 30;       // bytes: smaller buffers come from the heap
  constexpr int kKeepAtTheTop = 2'000'000'000;  // bytes: free memory kept at the top of the heap
  const int mapped = mallopt(M_MMAP_THRESHOLD, kNeverMapBelow);
  const int trimmed = mallopt(M_TRIM_THRESHOLD, kKeepAtTheTop);
  return mapped == 1 && trimmed == 1;
}

}  // namespace lungrt
