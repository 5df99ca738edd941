/// How kernels are written, so that one source runs on a device and, in tests, on the host.
///
/// A kernel is a struct of its parameters with
///
///     template <typename Block>
///     LUNGRT_KERNEL void operator()(Block& block) const;
///
/// which is the work of one block of threads; a block of any size from 1 to kMostThreads, and any
/// number of blocks, must give the same result. The block offers
///
///     index(), blocks(), threads()   its number, how many there are, its size
///     each_thread(f)                 f(t) by every thread t, then a barrier
///     each_item(n, f)                f(i) for this block's share of [0, n); no barrier
///     shared<Kernel>()               the block's Kernel::Shared, uninitialised
///     atomic_add, atomic_min, load   on global and shared memory, relaxed
///     multiply_add                   a * b + c, both operations rounded
///
/// Threads keep nothing in local variables from one each_thread() to the next: what they hand over
/// lies in shared memory. Every thread of a block makes the same calls in the same order.
#pragma once

#include <cstdint>

#include "ops/cuda/library_table.h"

#if defined(__CUDACC__)
#define LUNGRT_KERNEL __device__
#define LUNGRT_BOTH __host__ __device__
#else
#define LUNGRT_KERNEL
#define LUNGRT_BOTH
#endif

namespace lungrt::ops::cuda {

inline constexpr int kMostThreads = 1024;

using Shape = LungrtCudaShape;
using Window = LungrtCudaWindow;

/// x = clamp(hu, low, high) * scale + offset, each operation rounded to float32.
struct Normalization : LungrtCudaNormalization {
  template <typename Block>
  LUNGRT_KERNEL float of(Block& block, std::int16_t hu) const {
    float value = hu;
    value = value < low ? low : value;
    value = value > high ? high : value;
    return block.multiply_add(value, scale, offset);
  }
};

template <typename T>
LUNGRT_KERNEL T clamped(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

/// Bit masks of a volume as NoduleMask has them: each row starts at a new word, column c is bit
/// c % 64 of word c / 64, bits past the last column are zero. Words are counted in 32 bits.
struct MaskShape {
  std::int32_t slices, rows, columns;
  std::int32_t words;  ///< of a row

  LUNGRT_BOTH std::int64_t all_words() const { return std::int64_t{slices} * rows * words; }
};

}  // namespace lungrt::ops::cuda
