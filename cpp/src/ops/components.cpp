#include "ops/components.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <span>
#include <tuple>
#include <utility>

#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/mask.h"

namespace lungrt::ops {

bool erode_row(const NoduleMask& mask, std::int64_t slice, std::int64_t row,
               std::uint64_t* row_bits) {
  const VolumeShape& shape = mask.shape();
  const std::int64_t words = mask.words_per_row();
  if (slice == 0 || slice == shape.slices - 1 || row == 0 || row == shape.rows - 1) {
    std::fill_n(row_bits, words, 0);
    return false;
  }
  const std::uint64_t* center = mask.row(slice, row);
  const std::uint64_t* above = mask.row(slice, row - 1);
  const std::uint64_t* below = mask.row(slice, row + 1);
  const std::uint64_t* previous = mask.row(slice - 1, row);
  const std::uint64_t* next = mask.row(slice + 1, row);
  // The bits past the last column are zero, so the right border is eroded as well.
  std::uint64_t any = 0;
  for (std::int64_t k = 0; k < words; ++k) {
    const std::uint64_t word = center[k];
    const std::uint64_t left = word << 1 | (k > 0 ? center[k - 1] >> 63 : 0);
    const std::uint64_t right = word >> 1 | (k + 1 < words ? center[k + 1] << 63 : 0);
    row_bits[k] = word & left & right & above[k] & below[k] & previous[k] & next[k];
    any |= row_bits[k];
  }
  return any != 0;
}

namespace {

/// Union-find over provisional labels. The root of a set is its smallest label; labels are assigned
/// in scan order, so the root belongs to the set's first voxel.
class LabelSets {
 public:
  std::int32_t add() {
    parents_.push_back(static_cast<std::int32_t>(parents_.size()));
    return parents_.back();
  }

  std::int32_t find(std::int32_t label) {
    while (parent(label) != label) {
      parent(label) = parent(parent(label));  // path halving, for the next search
      label = parent(label);
    }
    return label;
  }

  std::int32_t unite(std::int32_t a, std::int32_t b) {
    a = find(a);
    b = find(b);
    if (a > b) std::swap(a, b);
    parent(b) = a;
    return a;
  }

  /// Number of the set of each label; sets are numbered in the order of their roots.
  std::vector<std::int32_t> numbers(std::int32_t& count) const {
    std::vector<std::int32_t> result(parents_.size());
    count = 0;
    for (std::size_t label = 0; label < parents_.size(); ++label) {
      const auto up = static_cast<std::size_t>(parents_[label]);
      result[label] =
          up == label ? count++ : result[up];  // a parent is smaller, so it already has its number
    }
    return result;
  }

 private:
  std::int32_t& parent(std::int32_t label) { return parents_[static_cast<std::size_t>(label)]; }

  std::vector<std::int32_t> parents_;
};

/// Joins the runs of a volume's rows, added in scan order, to components. It compares each row with
/// the row above and with the same row of the previous slice.
class RunLabeller {
 public:
  explicit RunLabeller(const VolumeShape& shape)
      : columns_(static_cast<std::int32_t>(shape.columns)),
        starts_(static_cast<std::size_t>(shape.rows) + 1),
        previous_starts_(starts_.size()) {}

  void begin_slice(std::int64_t slice) {
    slice_ = static_cast<std::int32_t>(slice);
    previous_starts_.swap(starts_);
  }

  /// \param bits  of the next row; empty where none of its voxels is set
  void add_row(std::int64_t row, std::span<const std::uint64_t> bits) {
    const auto r = static_cast<std::size_t>(row);
    starts_[r] = runs_.size();
    above_ = row > 0 ? starts_[r - 1] : starts_[r];
    before_ = previous_starts_[r];
    row_ = static_cast<std::int32_t>(row);
    std::int32_t begin = 0;
    bool open = false;
    std::uint64_t last = 0;  // value of the voxel to the left of the word
    for (std::size_t k = 0; k < bits.size(); ++k) {
      // Bits where the value changes from one voxel to the next: alternately begins and ends.
      std::uint64_t changes = bits[k] ^ (bits[k] << 1 | last);
      last = bits[k] >> 63;
      for (; changes != 0; changes &= changes - 1) {
        const auto column = static_cast<std::int32_t>(64 * k) + std::countr_zero(changes);
        if (open) add_run(begin, column);
        begin = column;
        open = !open;
      }
    }
    if (open) add_run(begin, columns_);  // reaches the end of the last word
    starts_[r + 1] = runs_.size();
  }

  LabelledRuns finish() {
    LabelledRuns result;
    const std::vector<std::int32_t> numbers = sets_.numbers(result.count);
    for (Run& run : runs_) run.component = numbers[static_cast<std::size_t>(run.component)];
    result.runs = std::move(runs_);
    result.voxels = voxels_;
    return result;
  }

 private:
  static constexpr std::int32_t kNone = -1;

  void add_run(std::int32_t begin, std::int32_t end) {
    Run run{slice_, row_, begin, end, kNone};
    const auto row = static_cast<std::size_t>(row_);
    join(run, above_, starts_[row]);
    join(run, before_, previous_starts_[row + 1]);
    if (run.component == kNone) run.component = sets_.add();
    runs_.push_back(run);
    voxels_ += end - begin;
  }

  /// Joins a run with the runs of a neighbouring row that it touches.
  /// \param first  first run of that row that may touch; moved past those that end left of `run`
  /// \param end    end of that row
  void join(Run& run, std::size_t& first, std::size_t end) {
    while (first < end && runs_[first].end <= run.begin) ++first;
    for (std::size_t i = first; i < end && runs_[i].begin < run.end; ++i) {
      const std::int32_t label = runs_[i].component;
      run.component =
          run.component == kNone ? sets_.find(label) : sets_.unite(run.component, label);
    }
  }

  std::int32_t columns_;
  std::int32_t slice_ = 0;
  std::int32_t row_ = 0;
  std::size_t above_ = 0;   // first run of the row above that may touch the next run
  std::size_t before_ = 0;  // the same in the previous slice
  std::vector<Run> runs_;
  std::vector<std::size_t> starts_;  // runs of row r are [starts_[r], starts_[r + 1])
  std::vector<std::size_t> previous_starts_;
  LabelSets sets_;
  std::int64_t voxels_ = 0;
};

/// \param bits_of  (slice, row) -> span of the row's words, empty where no voxel is set
template <typename BitsOf>
LabelledRuns label_rows(const VolumeShape& shape, const BitsOf& bits_of) {
  RunLabeller labeller(shape);
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    labeller.begin_slice(slice);
    for (std::int64_t row = 0; row < shape.rows; ++row) labeller.add_row(row, bits_of(slice, row));
  }
  return labeller.finish();
}

/// Intensity-weighted sums of one component; integers, so the order of summation does not matter.
struct Moments {
  std::int64_t voxels = 0;
  std::int64_t weight = 0;
  std::array<std::int64_t, 3> weighted{};  ///< by slice, row, column
};

constexpr std::int64_t kMinHu = -1000, kMaxHu = 1000;
constexpr std::int64_t kMaxWeight = kMaxHu - kMinHu + 1;

std::vector<Moments> moments_of(const LabelledRuns& labelled, const CtVolume& volume) {
  std::vector<Moments> all(static_cast<std::size_t>(labelled.count));
  const std::int64_t columns = volume.shape().columns;
  for (const Run& run : labelled.runs) {
    const std::int16_t* hu = volume.slice(run.slice) + run.row * columns;
    std::int64_t weight = 0, from_begin = 0;
    for (std::int32_t column = run.begin; column < run.end; ++column) {
      const std::int64_t w = std::clamp<std::int64_t>(hu[column], kMinHu, kMaxHu) - kMinHu + 1;
      weight += w;
      from_begin += w * (column - run.begin);
    }
    Moments& moments = all[static_cast<std::size_t>(run.component)];
    moments.voxels += run.end - run.begin;
    moments.weight += weight;
    moments.weighted[0] += weight * run.slice;
    moments.weighted[1] += weight * run.row;
    moments.weighted[2] += weight * run.begin + from_begin;
  }
  return all;
}

/// Runs sorted by component, in scan order within each.
struct RunsByComponent {
  std::vector<Run> runs;
  std::vector<std::size_t> starts;  ///< component c has [starts[c], starts[c + 1])
};

RunsByComponent by_component(const LabelledRuns& labelled) {
  RunsByComponent result;
  result.starts.resize(static_cast<std::size_t>(labelled.count) + 1);
  for (const Run& run : labelled.runs) ++result.starts[static_cast<std::size_t>(run.component) + 1];
  for (std::size_t c = 1; c < result.starts.size(); ++c) result.starts[c] += result.starts[c - 1];
  std::vector<std::size_t> next(result.starts.begin(), result.starts.end() - 1);
  result.runs.resize(labelled.runs.size());
  for (const Run& run : labelled.runs) {
    result.runs[next[static_cast<std::size_t>(run.component)]++] = run;
  }
  return result;
}

/// Counts the voxels of one component dilated by the 6-neighbour cross. No run may touch the
/// volume's border.
///
/// The dilated component is the union of five copies of its runs: one in their own rows, a voxel
/// longer at both ends, and unchanged ones in the four neighbouring rows. Each copy is in scan
/// order, so a single merge visits them from left to right and counts the covered voxels.
std::int64_t dilated_voxels(std::span<const Run> runs, std::int64_t rows) {
  struct Copy {
    std::int64_t shift;   // of the row; rows are numbered through all slices
    std::int64_t longer;  // voxels added at both ends
    std::size_t next = 0;
  };
  std::array<Copy, 5> copies{{{-rows, 0}, {-1, 0}, {0, 1}, {1, 0}, {rows, 0}}};
  // Row and first column of a copy's next run in one number, for comparison.
  constexpr std::int64_t kPastEnd = std::numeric_limits<std::int64_t>::max();
  const auto key_of = [&](const Copy& copy) {
    if (copy.next == runs.size()) return kPastEnd;
    const Run& run = runs[copy.next];
    return (run.slice * rows + run.row + copy.shift) << 32 | (run.begin - copy.longer);
  };
  std::array<std::int64_t, 5> keys;
  std::transform(copies.begin(), copies.end(), keys.begin(), key_of);

  std::int64_t covered = 0;
  std::int64_t row = -1, end = 0;  // columns of this row before `end` are already counted
  while (true) {
    const auto first =
        static_cast<std::size_t>(std::min_element(keys.begin(), keys.end()) - keys.begin());
    if (keys[first] == kPastEnd) return covered;
    Copy& copy = copies[first];
    const Run& run = runs[copy.next++];
    if (keys[first] >> 32 != row) {
      row = keys[first] >> 32;
      end = 0;
    }
    const std::int64_t run_end = run.end + copy.longer;
    covered += std::max<std::int64_t>(0, run_end - std::max(end, run.begin - copy.longer));
    end = std::max(end, run_end);
    keys[first] = key_of(copy);
  }
}

/// First and last voxel of the bounding box.
std::pair<VoxelIndex, VoxelIndex> box_around(std::span<const Run> runs) {
  VoxelIndex first{runs.front().slice, runs.front().row, runs.front().begin};
  VoxelIndex last{first.slice, first.row, runs.front().end - 1};
  for (const Run& run : runs) {
    first = {std::min<std::int64_t>(first.slice, run.slice),
             std::min<std::int64_t>(first.row, run.row),
             std::min<std::int64_t>(first.column, run.begin)};
    last = {std::max<std::int64_t>(last.slice, run.slice),
            std::max<std::int64_t>(last.row, run.row),
            std::max<std::int64_t>(last.column, run.end - 1)};
  }
  return {first, last};
}

}  // namespace

void require_exact_moments(const VolumeShape& shape) {
  const std::int64_t longest = std::max({shape.slices, shape.rows, shape.columns});
  if (shape.voxels() > std::numeric_limits<std::int64_t>::max() / kMaxWeight / longest) {
    throw Error(
        ErrorCode::kResourceLimit,
        "a volume of " + text::extent(shape) +
            " voxels (slices x rows x columns) is too large: the sums of its centres of mass "
            "may exceed 64 bits; crop it first");
  }
}

LabelledRuns label_runs(const NoduleMask& mask) {
  const auto words = static_cast<std::size_t>(mask.words_per_row());
  return label_rows(mask.shape(), [&](std::int64_t slice, std::int64_t row) {
    return std::span<const std::uint64_t>(mask.row(slice, row), words);
  });
}

LabelledRuns label_eroded_runs(const NoduleMask& mask) {
  std::vector<std::uint64_t> bits(static_cast<std::size_t>(mask.words_per_row()));
  return label_rows(mask.shape(), [&](std::int64_t slice, std::int64_t row) {
    const bool any = erode_row(mask, slice, row, bits.data());
    return any ? std::span<const std::uint64_t>(bits) : std::span<const std::uint64_t>();
  });
}

std::int64_t count_eroded_runs(const NoduleMask& mask) {
  std::vector<std::uint64_t> bits(static_cast<std::size_t>(mask.words_per_row()));
  const VolumeShape& shape = mask.shape();
  std::int64_t runs = 0;
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      if (!erode_row(mask, slice, row, bits.data())) continue;
      std::uint64_t last = 0;  // value of the voxel to the left of the word
      for (const std::uint64_t word : bits) {
        runs += std::popcount(word & ~(word << 1 | last));
        last = word >> 63;
      }
    }
  }
  return runs;
}

Components eroded_components(const NoduleMask& mask, const CtVolume& volume) {
  if (!(mask.shape() == volume.shape())) {
    throw Error(ErrorCode::kInvalidArgument,
                "the mask has " + text::extent(mask.shape()) + " voxels, the volume " +
                    text::extent(volume.shape()) + " (slices x rows x columns); expected the same");
  }
  require_exact_moments(mask.shape());
  const LabelledRuns labelled = label_eroded_runs(mask);
  const std::vector<Moments> moments = moments_of(labelled, volume);
  const RunsByComponent grouped = by_component(labelled);

  Components result;
  result.voxels = labelled.voxels;
  result.components.resize(moments.size());
  for (std::size_t c = 0; c < moments.size(); ++c) {
    Component& component = result.components[c];
    component.voxels = moments[c].voxels;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      component.center[axis] =
          static_cast<double>(moments[c].weighted[axis]) / static_cast<double>(moments[c].weight);
    }
    const std::size_t first = grouped.starts[c], last = grouped.starts[c + 1];
    std::tie(component.first, component.last) =
        box_around(std::span(grouped.runs).subspan(first, last - first));
    component.dilated_voxels =
        dilated_voxels(std::span(grouped.runs).subspan(first, last - first), mask.shape().rows);
  }
  return result;
}

}  // namespace lungrt::ops

namespace lungrt {

NoduleMask erode(const NoduleMask& mask) {
  NoduleMask eroded(mask.shape());
  for (std::int64_t slice = 0; slice < mask.shape().slices; ++slice) {
    for (std::int64_t row = 0; row < mask.shape().rows; ++row) {
      ops::erode_row(mask, slice, row, eroded.row(slice, row));
    }
  }
  return eroded;
}

LabelVolume label(const NoduleMask& mask) {
  const ops::LabelledRuns labelled = ops::label_runs(mask);
  LabelVolume result;
  result.shape = mask.shape();
  result.count = labelled.count;
  result.labels.resize(static_cast<std::size_t>(mask.shape().voxels()));
  for (const ops::Run& run : labelled.runs) {
    const std::int64_t first =
        (run.slice * mask.shape().rows + run.row) * mask.shape().columns + run.begin;
    std::fill_n(result.labels.begin() + first, run.end - run.begin, run.component + 1);
  }
  return result;
}

}  // namespace lungrt
