/// Measurements of components: integers, so they do not depend on the order of the threads.
#pragma once

#include "ops/cuda/runs.h"

namespace lungrt::ops::cuda {

using ComponentSums = LungrtCudaComponent;

/// Runs and the components that they belong to.
struct LabelledRuns {
  const Run* runs;
  std::int32_t count;
  const std::int32_t* roots;    ///< run -> first run of its component
  const std::int32_t* numbers;  ///< first run of a component -> number of the component

  LUNGRT_KERNEL std::int32_t component(std::int32_t run) const { return numbers[roots[run]]; }
};

/// Computes each component's voxel count, moments and bounding box. `sums` must be zero before.
struct AddMoments {
  const std::int16_t* hu;
  MaskShape shape;
  LabelledRuns labelled;
  ComponentSums* sums;

  static constexpr std::int32_t kLowest = -1000, kHighest = 1000;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(labelled.count, [&](std::int64_t i) {
      const auto number = static_cast<std::int32_t>(i);
      const Run run = labelled.runs[number];
      const std::int16_t* values = hu + std::int64_t{run.row} * shape.columns;
      std::int64_t weight = 0, by_column = 0;
      for (std::int32_t column = run.begin; column < run.end; ++column) {
        const std::int64_t w =
            clamped<std::int32_t>(values[column], kLowest, kHighest) - kLowest + 1;
        weight += w;
        by_column += w * column;
      }
      ComponentSums& sum = sums[labelled.component(number)];
      block.atomic_add(&sum.voxels, static_cast<std::int64_t>(run.end - run.begin));
      block.atomic_add(&sum.weight, weight);
      block.atomic_add(&sum.by_slice, weight * (run.row / shape.rows));
      block.atomic_add(&sum.by_row, weight * (run.row % shape.rows));
      block.atomic_add(&sum.by_column, by_column);
      const std::int64_t slice = run.row / shape.rows, row = run.row % shape.rows;
      block.atomic_min(&sum.low_slice, slice - kLungrtCudaFar);
      block.atomic_min(&sum.low_row, row - kLungrtCudaFar);
      block.atomic_min(&sum.low_column, run.begin - kLungrtCudaFar);
      block.atomic_min(&sum.high_slice, -1 - slice);
      block.atomic_min(&sum.high_row, -1 - row);
      block.atomic_min(&sum.high_column, -std::int64_t{run.end});
    });
  }
};

/// Counts each component's shell: the background voxels that share a face with it. A voxel counts
/// once for each component that it touches; voxels of different components never touch.
struct CountShells {
  RunIndex index;
  LabelledRuns labelled;
  ComponentSums* sums;

  template <typename Block>
  LUNGRT_KERNEL void operator()(Block& block) const {
    block.each_item(index.shape.all_words(), [&](std::int64_t word) {
      const Around around(index, word);
      for (std::uint64_t left = around.shell(index.shape); left != 0; left &= left - 1) {
        count(block, around, word, lowest_bit(left));
      }
    });
  }

 private:
  /// A word of the mask and the neighbouring words, aligned with its bits.
  struct Around {
    std::uint64_t center, left, right, above, below, previous, next;
    std::int64_t row_step, slice_step;
    std::int32_t place;  ///< index of the word in its row

    LUNGRT_KERNEL Around(const RunIndex& index, std::int64_t word) {
      const MaskShape& shape = index.shape;
      const std::int64_t row = word / shape.words;
      place = static_cast<std::int32_t>(word % shape.words);
      const std::int64_t y = row % shape.rows, z = row / shape.rows;
      row_step = shape.words;
      slice_step = std::int64_t{shape.rows} * shape.words;
      const std::uint64_t* mask = index.mask + word;
      const auto at = [&](bool inside, std::int64_t step) {
        return inside ? mask[step] : std::uint64_t{0};
      };
      center = mask[0];
      left = center << 1 | at(place > 0, -1) >> 63;
      right = center >> 1 | at(place + 1 < shape.words, 1) << 63;
      above = at(y > 0, -row_step);
      below = at(y + 1 < shape.rows, row_step);
      previous = at(z > 0, -slice_step);
      next = at(z + 1 < shape.slices, slice_step);
    }

    LUNGRT_KERNEL std::uint64_t shell(const MaskShape& shape) const {
      const std::int32_t columns = shape.columns - 64 * place;
      const std::uint64_t inside =
          columns >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << columns) - 1;
      return (left | right | above | below | previous | next) & ~center & inside;
    }
  };

  template <typename Block>
  LUNGRT_KERNEL void count(Block& block, const Around& around, std::int64_t word, int bit) const {
    std::int32_t seen[6];
    int distinct = 0;
    const auto touch = [&](std::uint64_t bits, std::int64_t neighbour, int neighbour_bit) {
      if ((bits >> bit & 1) == 0) return;
      const std::int32_t component = labelled.component(index.run_of(neighbour, neighbour_bit));
      for (int i = 0; i < distinct; ++i) {
        if (seen[i] == component) return;
      }
      seen[distinct++] = component;
      block.atomic_add(&sums[component].shell, std::int64_t{1});
    };
    touch(around.left, bit > 0 ? word : word - 1, bit > 0 ? bit - 1 : 63);
    touch(around.right, bit < 63 ? word : word + 1, bit < 63 ? bit + 1 : 0);
    touch(around.above, word - around.row_step, bit);
    touch(around.below, word + around.row_step, bit);
    touch(around.previous, word - around.slice_step, bit);
    touch(around.next, word + around.slice_step, bit);
  }
};

}  // namespace lungrt::ops::cuda
