/// Buffer in the memory of the machine that kernels run on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lungrt::ops::cuda {

/// Buffer that grows and never shrinks: after the first scan of a size, nothing is allocated.
template <typename Machine, typename T>
class Buffer {
 public:
  explicit Buffer(Machine& machine) : machine_(machine) {}
  ~Buffer() { machine_.release(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  /// Makes room for at least `count` values, uninitialised; the old content is lost where it grows.
  T* reserve(std::int64_t count) {
    if (count > count_) {
      machine_.release(data_);
      data_ = nullptr;
      count_ = 0;
      data_ = static_cast<T*>(machine_.allocate(bytes(count)));
      count_ = count;
    }
    return data_;
  }
  T* data() const { return data_; }

  /// Additional bytes that reserve(count) would need, after freeing what the buffer holds now.
  std::int64_t growth(std::int64_t count) const {
    return count > count_ ? static_cast<std::int64_t>(bytes(count) - bytes(count_)) : 0;
  }

 private:
  static std::size_t bytes(std::int64_t count) {
    return static_cast<std::size_t>(count) * sizeof(T);
  }

  Machine& machine_;
  T* data_ = nullptr;
  std::int64_t count_ = 0;
};

}  // namespace lungrt::ops::cuda
