/// Exclusive prefix sums in place, which number the runs and components. Three kernels: totals of
/// tiles, prefix sums of the totals, prefix sums within each tile.
#pragma once

#include "ops/cuda/kernel.h"

namespace lungrt::ops::cuda {

/// Numbers that a block processes at a time.
inline constexpr std::int64_t kTile = 4096;

inline std::int64_t tiles_of(std::int64_t count) { return (count + kTile - 1) / kTile; }

struct PrefixSumShared {
  std::int32_t values[2][kMostThreads];
  std::int32_t carry;
};

/// Inclusive prefix sum over the threads' numbers in values[0].
/// \return the array that holds the sums
template <typename Block>
LUNGRT_KERNEL const std::int32_t* prefix_sum_block(Block& block, PrefixSumShared& shared) {
  int from = 0;
  for (int step = 1; step < block.threads(); step *= 2) {
    block.each_thread([&](int t) {
      const std::int32_t before = t >= step ? shared.values[from][t - step] : 0;
      shared.values[1 - from][t] = shared.values[from][t] + before;
    });
    from = 1 - from;
  }
  return shared.values[from];
}

/// totals[tile] = sum of the tile's numbers.
struct TileTotals {
  const std::int32_t* numbers;
  std::int64_t count;
  std::int32_t* totals;

  struct Shared {
    std::int32_t total;
  };

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    auto& shared = block.template shared<TileTotals>();
    const std::int64_t tiles = (count + kTile - 1) / kTile;
    for (std::int64_t tile = block.index(); tile < tiles; tile += block.blocks()) {
      const std::int64_t end = (tile + 1) * kTile < count ? (tile + 1) * kTile : count;
      block.each_thread([&](int t) {
        if (t == 0) shared.total = 0;
      });
      block.each_thread([&](int t) {
        std::int32_t sum = 0;
        for (std::int64_t i = tile * kTile + t; i < end; i += block.threads()) sum += numbers[i];
        if (sum != 0) block.atomic_add(&shared.total, sum);
      });
      block.each_thread([&](int t) {
        if (t == 0) totals[tile] = shared.total;
      });
    }
  }
};

/// Replaces each total by the sum of the totals before it; to be run as a single block.
struct PrefixSumTotals {
  std::int32_t* totals;
  std::int64_t count;
  std::int32_t* all;  ///< output: the sum of all totals

  using Shared = PrefixSumShared;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    auto& shared = block.template shared<PrefixSumTotals>();
    block.each_thread([&](int t) {
      if (t == 0) shared.carry = 0;
    });
    for (std::int64_t first = 0; first < count; first += block.threads()) {
      block.each_thread(
          [&](int t) { shared.values[0][t] = first + t < count ? totals[first + t] : 0; });
      const std::int32_t* sums = prefix_sum_block(block, shared);
      block.each_thread([&](int t) {
        if (first + t < count) totals[first + t] = shared.carry + (t > 0 ? sums[t - 1] : 0);
      });
      block.each_thread([&](int t) {
        if (t == 0) shared.carry += sums[block.threads() - 1];
      });
    }
    block.each_thread([&](int t) {
      if (t == 0) *all = shared.carry;
    });
  }
};

/// Replaces each number by the sum of the numbers before it.
struct PrefixSumTiles {
  std::int32_t* numbers;
  std::int64_t count;
  const std::int32_t* before;  ///< sum of all numbers before each tile

  using Shared = PrefixSumShared;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    auto& shared = block.template shared<PrefixSumTiles>();
    const std::int64_t tiles = (count + kTile - 1) / kTile;
    const std::int64_t each = (kTile + block.threads() - 1) / block.threads();
    for (std::int64_t tile = block.index(); tile < tiles; tile += block.blocks()) {
      const std::int64_t tile_end = (tile + 1) * kTile < count ? (tile + 1) * kTile : count;
      const auto begin_of = [&](int t) { return tile * kTile + t * each; };
      const auto end_of = [&](int t) {
        return begin_of(t) + each < tile_end ? begin_of(t) + each : tile_end;
      };
      block.each_thread([&](int t) {
        std::int32_t sum = 0;
        for (std::int64_t i = begin_of(t); i < end_of(t); ++i) sum += numbers[i];
        shared.values[0][t] = sum;
      });
      const std::int32_t* sums = prefix_sum_block(block, shared);
      block.each_thread([&](int t) {
        std::int32_t sum = before[tile] + (t > 0 ? sums[t - 1] : 0);
        for (std::int64_t i = begin_of(t); i < end_of(t); ++i) {
          const std::int32_t number = numbers[i];
          numbers[i] = sum;
          sum += number;
        }
      });
    }
  }
};

}  // namespace lungrt::ops::cuda
