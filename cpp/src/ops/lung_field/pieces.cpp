#include "ops/lung_field/pieces.h"

#include <numeric>

namespace lungrt::ops {
namespace {

/// Union-find whose roots are the smallest labels, which preserves scan order.
class Equivalences {
 public:
  std::int32_t add() {
    parents_.push_back(static_cast<std::int32_t>(parents_.size()));
    return parents_.back();
  }
  std::int32_t root(std::int32_t k) {
    while (parent(k) != k) {
      parent(k) = parent(parent(k));
      k = parent(k);
    }
    return k;
  }
  void join(std::int32_t a, std::int32_t b) {
    a = root(a);
    b = root(b);
    parent(std::max(a, b)) = std::min(a, b);
  }
  std::size_t size() const { return parents_.size(); }

 private:
  std::int32_t& parent(std::int32_t k) { return parents_[static_cast<std::size_t>(k)]; }
  std::vector<std::int32_t> parents_;
};

}  // namespace

std::int32_t Pieces::largest() const {
  if (count == 0) return 0;
  return static_cast<std::int32_t>(std::max_element(cells.begin() + 1, cells.end()) -
                                   cells.begin());
}

CellMask Pieces::chosen(const std::vector<std::uint8_t>& keep) const {
  return mask_where(labels.shape(), [&](std::int64_t cell) {
    const std::int32_t label = labels[cell];
    return label != 0 && keep[static_cast<std::size_t>(label)] != 0;
  });
}

Pieces pieces_of(const CellMask& mask, Connectivity connectivity) {
  const VolumeShape& shape = mask.shape();
  const std::int64_t in_slice = shape.slice_voxels();
  Pieces result{Cells<std::int32_t>(shape), 0, {}};
  Cells<std::int32_t>& labels = result.labels;
  Equivalences same;
  same.add();  // 0 is background
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    if (!mask[cell]) continue;
    const std::int64_t within = cell % in_slice;
    std::int32_t label = 0;
    const auto meet = [&](std::int64_t neighbour) {
      const std::int32_t other = labels[neighbour];
      if (other == 0) return;
      if (label == 0) {
        label = other;
      } else if (label != other) {
        same.join(label, other);
      }
    };
    if (connectivity == Connectivity::kVolume && cell >= in_slice) meet(cell - in_slice);
    if (within >= shape.columns) meet(cell - shape.columns);
    if (within % shape.columns != 0) meet(cell - 1);
    labels[cell] = label != 0 ? label : same.add();
  }

  // A root is the first label of its piece, so numbering the roots in order gives scan order.
  std::vector<std::int32_t> number(same.size(), 0);
  for (std::size_t k = 1; k < same.size(); ++k) {
    const std::int32_t root = same.root(static_cast<std::int32_t>(k));
    number[k] = static_cast<std::size_t>(root) == k ? ++result.count
                                                    : number[static_cast<std::size_t>(root)];
  }
  result.cells.assign(result.numbers(), 0);
  for (std::int32_t& label : labels) {
    label = number[static_cast<std::size_t>(label)];
    ++result.cells[static_cast<std::size_t>(label)];
  }
  return result;
}

std::vector<std::uint8_t> touching_edge(const Pieces& pieces) {
  const VolumeShape& shape = pieces.labels.shape();
  std::vector<std::uint8_t> touching(pieces.numbers(), 0);
  const auto touch = [&](std::int64_t slice, std::int64_t row, std::int64_t column) {
    touching[static_cast<std::size_t>(pieces.labels.at(slice, row, column))] = 1;
  };
  for (std::int64_t s = 0; s < shape.slices; ++s) {
    for (std::int64_t c = 0; c < shape.columns; ++c) {
      touch(s, 0, c);
      touch(s, shape.rows - 1, c);
    }
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      touch(s, r, 0);
      touch(s, r, shape.columns - 1);
    }
  }
  touching[0] = 0;
  return touching;
}

PieceCells cells_by_piece(const Pieces& pieces) {
  PieceCells result;
  result.starts.assign(pieces.numbers() + 1, 0);
  std::vector<std::int64_t> next(pieces.numbers(), 0);
  for (std::size_t k = 1; k < pieces.numbers(); ++k) {
    next[k] = result.starts[k];
    result.starts[k + 1] = result.starts[k] + pieces.cells[k];
  }
  result.cells.resize(static_cast<std::size_t>(result.starts.back()));
  for (std::int64_t cell = 0; cell < pieces.labels.size(); ++cell) {
    const auto label = static_cast<std::size_t>(pieces.labels[cell]);
    if (label != 0) result.cells[static_cast<std::size_t>(next[label]++)] = cell;
  }
  return result;
}

}  // namespace lungrt::ops
