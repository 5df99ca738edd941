#include "native/allocation_counter.h"

#include <atomic>
#include <climits>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> count{0};
std::atomic<long> left{LONG_MAX};

}  // namespace

namespace lungrt::testing {

long allocations() { return count; }
MemoryRunsOut::MemoryRunsOut(long calls_before) { left = calls_before; }
MemoryRunsOut::~MemoryRunsOut() { left = LONG_MAX; }

}  // namespace lungrt::testing

extern "C" {
void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t number, std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);

void* __wrap_malloc(std::size_t size) {
  ++count;
  return __real_malloc(size);
}
void* __wrap_calloc(std::size_t number, std::size_t size) {
  ++count;
  return __real_calloc(number, size);
}
void* __wrap_realloc(void* memory, std::size_t size) {
  ++count;
  return __real_realloc(memory, size);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  ++count;
  return left-- > 0 ? __real_aligned_alloc(alignment, size) : nullptr;
}
}

// The other forms of operator new and delete call these.
void* operator new(std::size_t size) {
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
