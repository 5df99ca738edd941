/// Kernels: runs of set voxels and their components, numbered in scan order like those of the CPU.
#pragma once

#include "ops/cuda/kernel.h"

namespace lungrt::ops::cuda {

/// Run: a maximal interval [begin, end) of set voxels in one row; rows are numbered through all
/// slices.
struct Run {
  std::int32_t row, begin, end;
};

LUNGRT_KERNEL inline int lowest_bit(std::uint64_t word) {
#if defined(__CUDA_ARCH__)
  return __ffsll(static_cast<long long>(word)) - 1;
#else
  return __builtin_ctzll(word);
#endif
}

LUNGRT_KERNEL inline int bits_in(std::uint64_t word) {
#if defined(__CUDA_ARCH__)
  return __popcll(word);
#else
  return __builtin_popcountll(word);
#endif
}

/// Index of a mask: the number of runs that begin before each of its words, in scan order.
struct RunIndex {
  const std::uint64_t* mask;
  MaskShape shape;
  const std::int32_t* before;  ///< all_words() + 1 numbers; the last one is the total

  /// Bits of a word where a run begins.
  LUNGRT_KERNEL std::uint64_t begins(std::int64_t word) const {
    const std::uint64_t carry = word % shape.words > 0 ? mask[word - 1] >> 63 : 0;
    return mask[word] & ~(mask[word] << 1 | carry);
  }
  /// Bits of a word that are the last of a run.
  LUNGRT_KERNEL std::uint64_t ends(std::int64_t word) const {
    const std::uint64_t carry = word % shape.words + 1 < shape.words ? mask[word + 1] << 63 : 0;
    return mask[word] & ~(mask[word] >> 1 | carry);
  }
  /// Number of the run that a set bit belongs to.
  LUNGRT_KERNEL std::int32_t run_of(std::int64_t word, int bit) const {
    return before[word] + bits_in(begins(word) & (~std::uint64_t{0} >> (63 - bit))) - 1;
  }
  LUNGRT_KERNEL std::int32_t first_of_row(std::int64_t row) const {
    return before[row * shape.words];
  }
};

/// begins[word] = number of runs that begin in the word.
struct CountRuns {
  RunIndex index;  ///< `before` is not read
  std::int32_t* begins;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(index.shape.all_words(),
                    [&](std::int64_t word) { begins[word] = bits_in(index.begins(word)); });
  }
};

/// Writes all runs, with each run as its own parent.
struct WriteRuns {
  RunIndex index;
  Run* runs;
  std::int32_t* parents;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(index.shape.all_words(), [&](std::int64_t word) {
      if (index.mask[word] == 0) return;
      const auto row = static_cast<std::int32_t>(word / index.shape.words);
      const auto first = static_cast<std::int32_t>(word % index.shape.words) * 64;
      std::int32_t run = index.before[word];
      for (std::uint64_t left = index.begins(word); left != 0; left &= left - 1, ++run) {
        runs[run].row = row;
        runs[run].begin = first + lowest_bit(left);
        parents[run] = run;
      }
      // A run that continues from the previous word is the first one to end here.
      const bool open = (index.mask[word] & 1) != 0 && (index.begins(word) & 1) == 0;
      run = index.before[word] - (open ? 1 : 0);
      for (std::uint64_t left = index.ends(word); left != 0; left &= left - 1, ++run) {
        runs[run].end = first + lowest_bit(left) + 1;
      }
    });
  }
};

/// Joins each run with the runs that it touches in the row above and in the previous slice. Parents
/// only become smaller, so the root of a set is its first run, whatever the order of the threads.
struct JoinRuns {
  RunIndex index;
  const Run* runs;
  std::int32_t count;
  std::int32_t* parents;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(count, [&](std::int64_t i) {
      const auto run = static_cast<std::int32_t>(i);
      const std::int32_t row = runs[run].row;
      if (row % index.shape.rows > 0) join_row(block, run, row - 1);
      if (row >= index.shape.rows) join_row(block, run, row - index.shape.rows);
    });
  }

 private:
  template <typename Block>
  LUNGRT_KERNEL void join_row(Block& block, std::int32_t run, std::int64_t row) const {
    std::int32_t first = index.first_of_row(row);
    const std::int32_t end = index.first_of_row(row + 1);
    // Binary search for the first run that ends after this run's begin.
    for (std::int32_t past = end; first < past;) {
      const std::int32_t middle = first + (past - first) / 2;
      if (runs[middle].end <= runs[run].begin) {
        first = middle + 1;
      } else {
        past = middle;
      }
    }
    for (; first < end && runs[first].begin < runs[run].end; ++first) unite(block, run, first);
  }

  template <typename Block>
  LUNGRT_KERNEL std::int32_t root(Block& block, std::int32_t run) const {
    std::int32_t parent = block.load(parents + run);
    while (parent != run) {
      const std::int32_t above = block.load(parents + parent);
      if (above != parent) block.atomic_min(parents + run, above);  // path halving
      run = parent;
      parent = above;
    }
    return run;
  }

  template <typename Block>
  LUNGRT_KERNEL void unite(Block& block, std::int32_t a, std::int32_t b) const {
    while (true) {
      a = root(block, a);
      b = root(block, b);
      if (a == b) return;
      const std::int32_t larger = a > b ? a : b, smaller = a > b ? b : a;
      const std::int32_t was = block.atomic_min(parents + larger, smaller);
      if (was == larger) return;  // it was still a root
      // Another thread has meanwhile given it a parent, whose set must be joined as well.
      a = was;
      b = smaller;
    }
  }
};

/// Makes each run's root its parent; is_root[run] = 1 for roots, else 0.
struct FlattenRuns {
  std::int32_t count;
  std::int32_t* parents;
  std::int32_t* is_root;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(count, [&](std::int64_t i) {
      const auto run = static_cast<std::int32_t>(i);
      std::int32_t root = run;
      for (std::int32_t parent; (parent = block.load(parents + root)) != root;) root = parent;
      block.atomic_min(parents + run, root);  // other threads may walk through here
      is_root[run] = root == run ? 1 : 0;
    });
  }
};

}  // namespace lungrt::ops::cuda
