#include "ops/lung_field/morphology.h"

namespace lungrt::ops {
namespace {

/// Sets the cells of `grown` whose neighbour along one axis is set in `mask`.
void spread(const CellMask& mask, std::int64_t blocks, std::int64_t length, std::int64_t stride,
            CellMask& grown) {
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::uint8_t* from = mask.data() + block * length * stride;
    std::uint8_t* to = grown.data() + block * length * stride;
    for (std::int64_t k = 0; k < (length - 1) * stride; ++k) {
      to[k] |= from[k + stride];
      to[k + stride] |= from[k];
    }
  }
}

CellMask dilate_once(const CellMask& mask, bool between_slices) {
  const VolumeShape& shape = mask.shape();
  CellMask grown = mask;
  spread(mask, shape.slices * shape.rows, shape.columns, 1, grown);
  spread(mask, shape.slices, shape.rows, shape.columns, grown);
  if (between_slices) spread(mask, 1, shape.slices, shape.slice_voxels(), grown);
  return grown;
}

CellMask dilate_steps(const CellMask& mask, int steps, bool between_slices) {
  CellMask grown = mask;
  for (int step = 0; step < steps; ++step) grown = dilate_once(grown, between_slices);
  return grown;
}

CellMask inverted(const CellMask& mask) {
  return mask_where(mask.shape(), [&](std::int64_t cell) { return !mask[cell]; });
}

}  // namespace

CellMask erode_in_slices(const CellMask& mask) {
  return inverted(dilate_once(inverted(mask), false));
}

CellMask dilate_in_slices(const CellMask& mask, int steps) {
  return dilate_steps(mask, steps, false);
}

CellMask dilate(const CellMask& mask, int steps) { return dilate_steps(mask, steps, true); }

CellMask reach(const CellMask& seeds, const CellMask& within) {
  const VolumeShape& shape = seeds.shape();
  CellMask reached = seeds;
  std::vector<std::int64_t> front;
  for (std::int64_t cell = 0; cell < seeds.size(); ++cell) {
    if (seeds[cell]) front.push_back(cell);
  }
  const auto visit = [&](std::int64_t cell) {
    if (!within[cell] || reached[cell]) return;
    reached[cell] = 1;
    front.push_back(cell);
  };
  const std::int64_t in_slice = shape.slice_voxels();
  while (!front.empty()) {
    const std::int64_t cell = front.back();
    front.pop_back();
    const VoxelIndex at = reached.place(cell);
    if (at.slice > 0) visit(cell - in_slice);
    if (at.slice + 1 < shape.slices) visit(cell + in_slice);
    if (at.row > 0) visit(cell - shape.columns);
    if (at.row + 1 < shape.rows) visit(cell + shape.columns);
    if (at.column > 0) visit(cell - 1);
    if (at.column + 1 < shape.columns) visit(cell + 1);
  }
  return reached;
}

void fill_holes_in_slices(CellMask& mask) {
  const VolumeShape& shape = mask.shape();
  std::vector<std::uint8_t> open(static_cast<std::size_t>(shape.slice_voxels()));
  std::vector<std::int64_t> front;
  for (std::int64_t s = 0; s < shape.slices; ++s) {
    std::uint8_t* slice = mask.slice(s);
    std::fill(open.begin(), open.end(), std::uint8_t{0});
    const auto visit = [&](std::int64_t cell) {
      if (slice[cell] || open[static_cast<std::size_t>(cell)]) return;
      open[static_cast<std::size_t>(cell)] = 1;
      front.push_back(cell);
    };
    for (std::int64_t c = 0; c < shape.columns; ++c) {
      visit(c);
      visit((shape.rows - 1) * shape.columns + c);
    }
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      visit(r * shape.columns);
      visit(r * shape.columns + shape.columns - 1);
    }
    while (!front.empty()) {
      const std::int64_t cell = front.back();
      front.pop_back();
      const std::int64_t row = cell / shape.columns, column = cell % shape.columns;
      if (row > 0) visit(cell - shape.columns);
      if (row + 1 < shape.rows) visit(cell + shape.columns);
      if (column > 0) visit(cell - 1);
      if (column + 1 < shape.columns) visit(cell + 1);
    }
    for (std::int64_t cell = 0; cell < shape.slice_voxels(); ++cell) {
      slice[cell] = open[static_cast<std::size_t>(cell)] ^ 1;
    }
  }
}

}  // namespace lungrt::ops
