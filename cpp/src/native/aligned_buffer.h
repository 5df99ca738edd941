/// Aligned memory for activations and weights.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace lungrt::native {

/// Buffer of float32 values, initially zero, aligned to a cache line.
/// \throws std::bad_alloc
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t count) : size_(count) {
    // Large buffers start at a huge page and request huge pages, which reduces TLB misses.
    constexpr std::size_t kLine = 64;
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    const std::size_t bytes = count * sizeof(float);
    if (bytes / sizeof(float) != count || bytes > PTRDIFF_MAX) throw std::bad_alloc();
    const std::size_t unit = bytes >= kHugePage ? kHugePage : kLine;
    const std::size_t rounded = (bytes + unit) / unit * unit;
    data_.reset(static_cast<float*>(std::aligned_alloc(unit, rounded)));
    if (!data_) throw std::bad_alloc();
    if (unit == kHugePage) madvise(data_.get(), rounded, MADV_HUGEPAGE);
    std::memset(data_.get(), 0, rounded);
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
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace lungrt::native
