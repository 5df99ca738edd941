#include "native/allocation_counter.h"

#include <malloc.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> count{0};
std::atomic<long> left{LONG_MAX};
std::atomic<long> live{0};
std::atomic<long> peak{0};

/// Counts memory if it was allocated.
void* given(void* memory) {
  if (memory == nullptr) return nullptr;
  const auto bytes = static_cast<long>(malloc_usable_size(memory));
  const long now = live.fetch_add(bytes) + bytes;
  long before = peak.load();
  while (now > before && !peak.compare_exchange_weak(before, now)) {
  }
  return memory;
}

void taken_back(void* memory) {
  if (memory != nullptr) live -= static_cast<long>(malloc_usable_size(memory));
}

}  // namespace

namespace lungrt::testing {

long allocations() { return count; }
long live_bytes() { return live; }
long peak_bytes() { return peak; }
void reset_peak() { peak = live.load(); }
MemoryRunsOut::MemoryRunsOut(long calls_before) { left = calls_before; }
MemoryRunsOut::~MemoryRunsOut() { left = LONG_MAX; }

}  // namespace lungrt::testing

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t number, std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void __real_free(void* memory);

void* __wrap_malloc(std::size_t size) {
  ++count;
  return given(__real_malloc(size));
}
void* __wrap_calloc(std::size_t number, std::size_t size) {
  ++count;
  return given(__real_calloc(number, size));
}
void* __wrap_realloc(void* memory, std::size_t size) {
  ++count;
  taken_back(memory);
  return given(__real_realloc(memory, size));
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  ++count;
  return left-- > 0 ? given(__real_aligned_alloc(alignment, size)) : nullptr;
}
void __wrap_free(void* memory) {
  taken_back(memory);
  __real_free(memory);
}
}

// The other forms of operator new and delete call these functions.
void* operator new(std::size_t size) {
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
