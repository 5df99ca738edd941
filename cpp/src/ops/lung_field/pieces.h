/// Connected components of masks of cells, called pieces.
#pragma once

#include <vector>

#include "ops/lung_field/cells.h"

namespace lungrt::ops {

enum class Connectivity {
  kInSlice,  ///< 4 neighbours: pieces never extend over several slices
  kVolume,   ///< 6 neighbours
};

/// Pieces of a mask, numbered from 1 in scan order of their first cell; label 0 is the background.
struct Pieces {
  Cells<std::int32_t> labels;
  std::int32_t count = 0;
  std::vector<std::int64_t> cells;  ///< number of cells of each piece; [0]: of the background

  std::size_t numbers() const { return static_cast<std::size_t>(count) + 1; }
  /// Number of the largest piece; 0 where there is none.
  std::int32_t largest() const;
  /// Mask of the pieces k for which keep[k] is not 0.
  CellMask chosen(const std::vector<std::uint8_t>& keep) const;
};

Pieces pieces_of(const CellMask& mask, Connectivity connectivity);

/// For each piece, whether it touches the first or last row or column of a slice.
std::vector<std::uint8_t> touching_edge(const Pieces& pieces);

/// Cells of each piece, in scan order: those of piece k are cells[starts[k]] to
/// cells[starts[k + 1] - 1].
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
