/// Conventions for kernels, so that the same source runs on a device and, in tests, on the host.
///
/// A kernel is a struct of its parameters with a call operator
///
///     template <typename Block>
///     LUNGRT_KERNEL void operator()(Block& block) const;
///
/// that does the work of one block of threads. Any block size from 1 to kMostThreads and any number
/// of blocks must give the same result. The block provides
///
///     index(), blocks(), threads()   number of the block, number of blocks, size of a block
///     each_thread(f)                 calls f(t) in every thread t, then a barrier
///     each_item(n, f)                calls f(i) for this block's share of [0, n); no barrier
///     shared<Kernel>()               the block's Kernel::Shared, uninitialised
///     atomic_add, atomic_min, load   on global and shared memory, relaxed
///     multiply_add                   a * b + c, rounded after each operation
///
/// Threads must not keep values in local variables from one each_thread() to the next; they pass
/// them on in shared memory. All threads of a block make the same calls in the same order.
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

/// Shape of a bit mask with the layout of NoduleMask: each row starts at a new word, column c is
/// bit c % 64 of word c / 64, bits past the last column are zero. Words are counted in 32 bits.
struct MaskShape {
  std::int32_t slices, rows, columns;
  std::int32_t words;  ///< per row

  LUNGRT_BOTH std::int64_t all_words() const { return std::int64_t{slices} * rows * words; }
};

}  // namespace lungrt::ops::cuda
