/// Components of an eroded mask: runs the kernels in the right order.
#pragma once

#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/components.h"
#include "ops/cuda/masks.h"
#include "ops/cuda/prefix_sums.h"
#include "ops/cuda/runs.h"

namespace lungrt::ops::cuda {

/// Labels masks; keeps its memory for the next one.
/// \tparam Machine  has launch(blocks, kernel), clear(pointer, bytes) and download(host, pointer,
///                  bytes), executed in the order of the calls (download waits), and
///                  allocate(bytes), release(pointer)
template <typename Machine>
class Labelling {
 public:
  explicit Labelling(Machine& machine)
      : machine_(machine),
        eroded_(machine),
        before_(machine),
        totals_(machine),
        runs_(machine),
        parents_(machine),
        numbers_(machine),
        sums_(machine) {}

  /// Additional bytes that it would need for a mask, without the 20 bytes per run.
  std::int64_t growth(const MaskShape& shape) const {
    const std::int64_t words = shape.all_words();
    return eroded_.growth(words) + before_.growth(words + 1) + totals_.growth(tiles_of(words));
  }

  void reserve(const MaskShape& shape) {
    eroded_.reserve(shape.all_words());
    before_.reserve(shape.all_words() + 1);
    totals_.reserve(tiles_of(shape.all_words()));
  }

  /// Components of the eroded mask, in scan order of their first voxels.
  /// \param erode  false: labels the mask as it is. The shell of a component that touches the
  ///               volume's border is then incomplete.
  std::vector<ComponentSums> components(const std::uint64_t* mask, const std::int16_t* hu,
                                        const MaskShape& shape, bool erode = true) {
    reserve(shape);
    const std::int64_t words = shape.all_words();
    if (erode) launch_items(words, Erode{mask, shape, eroded_.data()});
    const RunIndex index{erode ? eroded_.data() : mask, shape, before_.data()};

    launch_items(words, CountRuns{index, before_.data()});
    run_count_ = sums_before(before_.data(), words);
    if (run_count_ == 0) return {};
    Run* runs = runs_.reserve(run_count_);
    std::int32_t* parents = parents_.reserve(run_count_);
    std::int32_t* numbers = numbers_.reserve(std::int64_t{run_count_} + 1);
    launch_items(words, WriteRuns{index, runs, parents});
    launch_items(run_count_, JoinRuns{index, runs, run_count_, parents});
    launch_items(run_count_, FlattenRuns{run_count_, parents, numbers});
    const std::int32_t count = sums_before(numbers, run_count_);

    std::vector<ComponentSums> result(static_cast<std::size_t>(count));
    const std::size_t bytes = result.size() * sizeof(ComponentSums);
    ComponentSums* sums = sums_.reserve(count);
    machine_.clear(sums, bytes);
    const LabelledRuns labelled{runs, run_count_, parents, numbers};
    launch_items(run_count_, AddMoments{hu, shape, labelled, sums});
    launch_items(words, CountShells{index, labelled, sums});
    machine_.download(result.data(), sums, bytes);
    return result;
  }

  /// Runs of the last call, with the number of each run's component.
  void read_runs(std::vector<Run>& runs, std::vector<std::int32_t>& components) const {
    const auto count = static_cast<std::size_t>(run_count_);
    std::vector<std::int32_t> parents(count), numbers(count);
    runs.resize(count);
    if (count > 0) {
      machine_.download(runs.data(), runs_.data(), count * sizeof(Run));
      machine_.download(parents.data(), parents_.data(), count * sizeof(std::int32_t));
      machine_.download(numbers.data(), numbers_.data(), count * sizeof(std::int32_t));
    }
    components.clear();
    for (const std::int32_t root : parents) {
      components.push_back(numbers[static_cast<std::size_t>(root)]);
    }
  }

 private:
  template <typename Kernel>
  void launch_items(std::int64_t items, const Kernel& kernel) {
    constexpr std::int64_t kItems = 256;  // least number of items per block
    machine_.launch((items + kItems - 1) / kItems, kernel);
  }

  /// Exclusive prefix sum: replaces each number by the sum of the numbers before it.
  /// \param numbers  `count` + 1 values; the last one becomes the sum of all numbers
  /// \return the sum of all numbers
  std::int32_t sums_before(std::int32_t* numbers, std::int64_t count) {
    const std::int64_t tiles = tiles_of(count);
    std::int32_t* totals = totals_.reserve(tiles);
    machine_.launch(tiles, TileTotals{numbers, count, totals});
    machine_.launch(1, PrefixSumTotals{totals, tiles, numbers + count});
    machine_.launch(tiles, PrefixSumTiles{numbers, count, totals});
    std::int32_t sum = 0;
    machine_.download(&sum, numbers + count, sizeof sum);
    return sum;
  }

  Machine& machine_;
  Buffer<Machine, std::uint64_t> eroded_;
  Buffer<Machine, std::int32_t> before_, totals_;
  Buffer<Machine, Run> runs_;
  Buffer<Machine, std::int32_t> parents_, numbers_;
  Buffer<Machine, ComponentSums> sums_;
  std::int32_t run_count_ = 0;
};

}  // namespace lungrt::ops::cuda
