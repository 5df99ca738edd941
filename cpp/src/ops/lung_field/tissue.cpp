#include "ops/lung_field/tissue.h"

#include <cmath>

#include "ops/lung_field/morphology.h"
#include "ops/lung_field/pieces.h"
#include "ops/lung_field/statistics.h"

namespace lungrt::ops {
namespace {

/// Below it a cell may be padding, with which scanners fill the corners of slices (HU).
constexpr float kPaddingHu = -1012.0F;

CellMask find_padding(const CoarseGrid& grid) {
  const CellMask dark =
      mask_where(grid.hu.shape(), [&](std::int64_t cell) { return grid.hu[cell] < kPaddingHu; });
  const Pieces pieces = pieces_of(dark, Connectivity::kInSlice);
  return pieces.chosen(touching_edge(pieces));
}

/// Largest piece of tissue; the table, connected to it by thin contacts, is eroded off.
CellMask find_body(const CellMask& tissue) {
  const Pieces pieces = pieces_of(erode_in_slices(tissue), Connectivity::kVolume);
  std::vector<std::uint8_t> keep(pieces.numbers(), 0);
  if (pieces.count > 0) keep[static_cast<std::size_t>(pieces.largest())] = 1;
  CellMask body = dilate_in_slices(pieces.chosen(keep), 2);
  keep_only(body, tissue);
  return body;
}

/// For each cell, how many of the rays to the left, right, front and back meet the body.
Cells<std::uint8_t> count_rays(const CellMask& body) {
  const VolumeShape& shape = body.shape();
  Cells<std::uint8_t> rays(shape);
  const auto sweep = [&](std::int64_t first, std::int64_t step, std::int64_t length) {
    std::uint8_t met = 0;
    for (std::int64_t k = 0, cell = first; k < length; ++k, cell += step) {
      met |= body[cell];
      rays[cell] += met;
    }
  };
  for (std::int64_t s = 0; s < shape.slices; ++s) {
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      const std::int64_t first = body.index(s, r, 0);
      sweep(first, 1, shape.columns);
      sweep(first + shape.columns - 1, -1, shape.columns);
    }
    for (std::int64_t c = 0; c < shape.columns; ++c) {
      const std::int64_t first = body.index(s, 0, c);
      sweep(first, shape.columns, shape.rows);
      sweep(first + (shape.rows - 1) * shape.columns, -shape.columns, shape.rows);
    }
  }
  return rays;
}

/// Pieces of air within slices that touch the edge or the padding and are not enclosed by the body.
CellMask find_outside(const CellMask& air, const CellMask& padding,
                      const Cells<std::uint8_t>& rays) {
  CellMask open_air = air;
  remove(open_air, padding);
  const Pieces pieces = pieces_of(open_air, Connectivity::kInSlice);
  std::vector<std::uint8_t> open = touching_edge(pieces);
  const CellMask beside_padding = dilate_in_slices(padding);
  std::vector<std::int64_t> enclosed(pieces.numbers(), 0);
  for (std::int64_t cell = 0; cell < air.size(); ++cell) {
    const auto label = static_cast<std::size_t>(pieces.labels[cell]);
    if (beside_padding[cell]) open[label] = 1;
    enclosed[label] += rays[cell] >= 3;
  }
  for (std::size_t k = 1; k < pieces.numbers(); ++k) {
    if (2 * enclosed[k] >= pieces.cells[k]) open[k] = 0;
  }
  CellMask outside = pieces.chosen(open);
  add(outside, padding);
  return outside;
}

/// Large pieces outside with the density and texture of lung: in scans whose field of view, or
/// round cut-out, cuts through the lungs.
CellMask find_cut_lung(const CoarseGrid& grid, const CellMask& outside, const CellMask& padding) {
  CellMask open_air = outside;
  remove(open_air, padding);
  const Pieces pieces = pieces_of(open_air, Connectivity::kVolume);
  const PieceCells cells = cells_by_piece(pieces);
  const CellMask inside = erode_in_slices(erode_in_slices(open_air));
  std::vector<std::uint8_t> lung(pieces.numbers(), 0);
  for (std::int32_t k = 1; k <= pieces.count; ++k) {
    if (static_cast<double>(pieces.cells[static_cast<std::size_t>(k)]) * cell_ml(grid.spacing_mm) <
        30.0) {
      continue;
    }
    std::vector<float> hu;
    for (const std::int64_t* cell = cells.begin(k); cell != cells.end(k); ++cell) {
      if (inside[*cell]) hu.push_back(grid.hu[*cell]);
    }
    if (hu.size() < 30) continue;
    const float median = percentile(hu, 50);
    const auto parenchyma = std::count_if(hu.begin(), hu.end(),
                                          [](float value) { return value > -950 && value < -600; });
    const bool mostly = static_cast<double>(parenchyma) >= 0.8 * static_cast<double>(hu.size());
    for (float& value : hu) value = std::abs(value - median);
    const float spread = percentile(hu, 50);
    lung[static_cast<std::size_t>(k)] = median > -920 && median < -500 && spread >= 18 && mostly;
  }
  return pieces.chosen(lung);
}

}  // namespace

Tissue find_tissue(const CoarseGrid& grid) {
  const VolumeShape& shape = grid.hu.shape();
  const CellMask air = mask_where(shape, [&](std::int64_t cell) { return grid.hu[cell] < kAirHu; });
  const CellMask padding = find_padding(grid);

  Tissue result;
  result.body =
      find_body(mask_where(shape, [&](std::int64_t cell) { return !air[cell] && !padding[cell]; }));
  result.enclosure = count_rays(result.body);
  result.outside = find_outside(air, padding, result.enclosure);
  result.taken_back = find_cut_lung(grid, result.outside, padding);
  remove(result.outside, result.taken_back);
  result.inner_air = air;
  remove(result.inner_air, result.outside);
  return result;
}

}  // namespace lungrt::ops
