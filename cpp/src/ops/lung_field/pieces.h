/// Connected pieces of a mask of cells.
#pragma once

#include <vector>

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

enum class Connectivity {
  kInSlice,  ///< 4 neighbours: pieces of different slices are different
  kVolume,   ///< 6 neighbours
};

/// Numbered from 1 in scan order of their first cell; 0 is what is not set.
struct Pieces {
  Cells<std::int32_t> labels;
  std::int32_t count = 0;
  std::vector<std::int64_t> cells;  ///< of each piece; [0]: cells that are not set

  std::size_t numbers() const { return static_cast<std::size_t>(count) + 1; }
  /// Number of the largest piece; 0 where there is none.
  std::int32_t largest() const;
  /// The pieces whose number has a set entry.
  CellMask chosen(const std::vector<std::uint8_t>& keep) const;
};

Pieces pieces_of(const CellMask& mask, Connectivity connectivity);

/// For each piece whether it reaches the first or last row or column of a slice.
std::vector<std::uint8_t> touching_edge(const Pieces& pieces);

/// The cells of each piece, in scan order: those of piece k are cells[starts[k]] to
/// cells[starts[k + 1]].
struct PieceCells {
  std::vector<std::int64_t> starts, cells;
  const std::int64_t* begin(std::int32_t piece) const {
    return cells.data() + starts[static_cast<std::size_t>(piece)];
  }
  const std::int64_t* end(std::int32_t piece) const {
    return cells.data() + starts[static_cast<std::size_t>(piece) + 1];
  }
};
PieceCells cells_by_piece(const Pieces& pieces);

}  // namespace lungrt::ops
