/// Kernels: thresholding of probabilities and erosion of masks.
#pragma once

#include "ops/cuda/kernel.h"

namespace lungrt::ops::cuda {

/// Sets the bits in a window of some slices where probability > threshold (counterpart of
/// ops::threshold_slice). Bits outside of the window do not change.
struct Threshold {
  const float* probability;  ///< at the window's first pixel in the first item
  std::int64_t row_stride, item_stride;
  float threshold;
  std::int64_t first_slice, items;
  Window window;
  MaskShape shape;
  std::uint64_t* mask;
  std::int64_t* first_nan;  ///< minimum of the voxels whose probability is NaN

  static constexpr int kWords = 16;  ///< words that a block computes at a time
  struct Shared {
    std::int64_t
        source[kWords];  ///< index of the probability of a word's bit 0; may lie before the window
    std::int32_t begin[kWords], end[kWords];  ///< bits that lie in the window
    std::uint64_t set[8 * kWords];            ///< one byte for each bit: 0 or 1
    std::uint64_t bits[kWords];
  };

  std::int64_t tiles() const { return (slots() + kWords - 1) / kWords; }

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    auto& shared = block.template shared<Threshold>();
    const std::int64_t tile_count = (slots() + kWords - 1) / kWords;
    for (std::int64_t tile = block.index(); tile < tile_count; tile += block.blocks()) {
      const std::int64_t first = tile * kWords;
      block.each_thread([&](int thread) {
        for (int j = thread; j < kWords; j += block.threads()) place(first + j, j, shared);
      });
      block.each_thread([&](int thread) {
        for (int i = thread; i < 64 * kWords; i += block.threads()) {
          const int j = i / 64, bit = i % 64;
          const bool inside = bit >= shared.begin[j] && bit < shared.end[j];
          const float value = inside ? probability[shared.source[j] + bit] : 0.0F;
          bytes_of(shared.set)[i] = inside && value > threshold ? 1 : 0;
          if (value != value) block.atomic_min(first_nan, voxel(first + j, bit));
        }
      });
      block.each_thread([&](int thread) {
        for (int i = thread; i < 8 * kWords; i += block.threads()) {
          bytes_of(shared.bits)[i] = packed(shared.set[i]);
        }
      });
      block.each_thread([&](int thread) {
        for (int j = thread; j < kWords; j += block.threads()) {
          if (first + j < slots()) write(first + j, j, shared);
        }
      });
    }
  }

 private:
  LUNGRT_BOTH std::int64_t first_word() const { return window.first_column / 64; }
  LUNGRT_BOTH std::int64_t row_words() const {
    return (window.first_column + window.columns - 1) / 64 - first_word() + 1;
  }
  /// Number of words that the window touches, in all items.
  LUNGRT_BOTH std::int64_t slots() const { return items * window.rows * row_words(); }

  /// Finds a word's probabilities, and which of its bits lie in the window.
  LUNGRT_KERNEL void place(std::int64_t slot, int j, Shared& shared) const {
    shared.begin[j] = shared.end[j] = 0;
    if (slot >= slots()) return;
    const std::int64_t row = slot / row_words();
    const std::int64_t column = 64 * (first_word() + slot % row_words()) - window.first_column;
    shared.source[j] = row / window.rows * item_stride + row % window.rows * row_stride + column;
    shared.begin[j] = static_cast<std::int32_t>(clamped<std::int64_t>(-column, 0, 64));
    shared.end[j] =
        static_cast<std::int32_t>(clamped<std::int64_t>(window.columns - column, 0, 64));
  }

  /// Row of the volume that a slot lies in; rows are numbered through all slices.
  LUNGRT_KERNEL std::int64_t row_of(std::int64_t slot) const {
    const std::int64_t row = slot / row_words();
    return (first_slice + row / window.rows) * shape.rows + window.first_row + row % window.rows;
  }

  LUNGRT_KERNEL std::int64_t voxel(std::int64_t slot, int bit) const {
    return row_of(slot) * shape.columns + 64 * (first_word() + slot % row_words()) + bit;
  }

  LUNGRT_KERNEL static std::uint8_t* bytes_of(std::uint64_t* words) {
    return reinterpret_cast<std::uint8_t*>(words);
  }

  /// Eight bytes that are 0 or 1 as the bits of one byte, the first byte as bit 0: each of the
  /// product's upper eight bits is the sum of one of them and zeros.
  LUNGRT_KERNEL static std::uint8_t packed(std::uint64_t bytes) {
    return static_cast<std::uint8_t>((bytes * 0x0102040810204080ULL) >> 56);
  }

  LUNGRT_KERNEL void write(std::int64_t slot, int j, const Shared& shared) const {
    const std::int32_t count = shared.end[j] - shared.begin[j];  // at least 1: a slot has bits
    const std::uint64_t inside = ~std::uint64_t{0} >> (64 - count) << shared.begin[j];
    std::uint64_t& word = mask[row_of(slot) * shape.words + first_word() + slot % row_words()];
    word = count == 64 ? shared.bits[j] : (word & ~inside) | shared.bits[j];
  }
};

/// Erodes the mask with the 6-neighbour cross; outside counts as background (counterpart of
/// ops::erode_row).
struct Erode {
  const std::uint64_t* mask;
  MaskShape shape;
  std::uint64_t* eroded;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(shape.all_words(), [&](std::int64_t i) {
      const auto word = static_cast<std::uint32_t>(i);
      const std::uint32_t row = word / static_cast<std::uint32_t>(shape.words);
      const auto k = static_cast<std::int32_t>(word % static_cast<std::uint32_t>(shape.words));
      const auto slice = static_cast<std::int32_t>(row / static_cast<std::uint32_t>(shape.rows));
      const auto y = static_cast<std::int32_t>(row % static_cast<std::uint32_t>(shape.rows));
      const std::uint64_t center = mask[i];
      const bool border = slice == 0 || slice == shape.slices - 1 || y == 0 || y == shape.rows - 1;
      if (border || center == 0) {
        eroded[i] = 0;
        return;
      }
      const std::uint64_t left = center << 1 | (k > 0 ? mask[i - 1] >> 63 : 0);
      const std::uint64_t right = center >> 1 | (k + 1 < shape.words ? mask[i + 1] << 63 : 0);
      const std::int64_t down = shape.words, next = std::int64_t{shape.rows} * shape.words;
      eroded[i] =
          center & left & right & mask[i - down] & mask[i + down] & mask[i - next] & mask[i + next];
    });
  }
};

}  // namespace lungrt::ops::cuda
