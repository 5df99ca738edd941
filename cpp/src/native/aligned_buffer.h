/// Aligned memory for activations and weights.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace lungrt::native {

/// Buffer of float32 values, initially zero, aligned to a cache line.
/// \throws std::bad_alloc
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t count) : size_(count) {
    if (count > (PTRDIFF_MAX - kHugePage) / sizeof(float)) throw std::bad_alloc();
    const std::size_t rounded = bytes(count);
    const std::size_t unit = unit_of(count);
    data_.reset(static_cast<float*>(std::aligned_alloc(unit, rounded)));
    if (!data_) throw std::bad_alloc();
    if (unit == kHugePage) madvise(data_.get(), rounded, MADV_HUGEPAGE);
    std::memset(data_.get(), 0, rounded);
  }

  /// Bytes of the memory of a buffer.
  static std::size_t bytes(std::size_t count) {
    const std::size_t unit = unit_of(count);
    return (count * sizeof(float) + unit) / unit * unit;
  }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

  /// Makes room for at least `count` floats; the old content is lost where the buffer grows.
  float* reserve(std::size_t count) {
    if (count > size_) *this = AlignedBuffer(count);
    return data();
  }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;
  /// Large buffers start at a huge page and request huge pages, which reduces TLB misses.
  static std::size_t unit_of(std::size_t count) {
    return count * sizeof(float) >= kHugePage ? kHugePage : kLine;
  }

  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t size_ = 0;
};

/// Hands out the parts of a buffer one after the other, each at a cache line. AddressSanitizer
/// reports accesses between them, as it does between buffers.
class BufferParts {
 public:
  explicit BufferParts(AlignedBuffer& buffer)
      : next_(buffer.data()), end_(buffer.data() + buffer.size()) {}

  /// Floats of the buffer that a part takes.
  static constexpr std::size_t floats(std::size_t count) {
    return (count + kLineFloats - 1) / kLineFloats * kLineFloats + kLineFloats;
  }
  /// \throws std::bad_alloc where the buffer has too few floats left
  float* take(std::size_t count) {
    const std::size_t taken = floats(count);
    if (taken > static_cast<std::size_t>(end_ - next_)) throw std::bad_alloc();
    float* part = next_;
    next_ += taken;
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(next_ - kLineFloats, kLineFloats * sizeof(float));
#endif
    return part;
  }

 private:
  static constexpr std::size_t kLineFloats = 16;
  float* next_;
  float* end_;
};

}  // namespace lungrt::native
