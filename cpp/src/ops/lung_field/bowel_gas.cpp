#include "ops/lung_field/bowel_gas.h"

#include "ops/lung_field/distance.h"
#include "ops/lung_field/morphology.h"
#include "ops/lung_field/pieces.h"
#include "ops/lung_field/statistics.h"

namespace lungrt::ops {
namespace {

constexpr float kDarkHu = -930.0F;
constexpr float kSoftTissueHu = -500.0F;
constexpr double kCoreDepthMm = 4.5;
/// Least depth of a core that counts as thick.
constexpr double kThickMm = 9.0;
/// A larger fraction of the air than this is taken for emphysema and not for gas: including gas in
/// the lung field costs little, missing lung costs much.
constexpr double kMostGas = 0.15;

bool is_emphysema(const CoarseGrid& grid, const CellMask& air) {
  std::vector<float> hu;
  for (std::int64_t cell = 0; cell < air.size(); ++cell) {
    if (air[cell] && grid.hu[cell] < kSoftTissueHu) hu.push_back(grid.hu[cell]);
  }
  return hu.empty() || percentile(hu, 50) < -925.0F;
}

/// Whether at least half of the ring four to five cells around the core is soft tissue, as around
/// bowel.
bool lies_in_soft_tissue(const CoarseGrid& grid, const CellMask& core) {
  const double margin_mm = 6.0 * *std::max_element(grid.spacing_mm.begin(), grid.spacing_mm.end());
  const CellBox box = bounding_box(core, margin_mm, grid.spacing_mm);
  const CellMask near = dilate(cut_out(core, box), 4);
  CellMask ring = dilate(near);
  remove(ring, near);
  std::int64_t cells = 0, soft = 0;
  for (std::int64_t cell = 0; cell < ring.size(); ++cell) {
    if (!ring[cell]) continue;
    const VoxelIndex at = ring.place(cell);
    ++cells;
    soft += grid.hu.at(box.first[0] + at.slice, box.first[1] + at.row, box.first[2] + at.column) >
            kSoftTissueHu;
  }
  return cells > 0 && 2 * soft >= cells;
}

}  // namespace

CellMask find_bowel_gas(const CoarseGrid& grid, const CellMask& air) {
  const VolumeShape& shape = air.shape();
  CellMask gas(shape);
  if (is_emphysema(grid, air)) return gas;

  const CellMask dark =
      mask_where(shape, [&](std::int64_t cell) { return air[cell] && grid.hu[cell] < kDarkHu; });
  const Cells<float> depth = depth_in(dark, kThickMm, grid.spacing_mm);
  const Pieces cores =
      pieces_of(mask_where(shape, [&](std::int64_t cell) { return depth[cell] > kCoreDepthMm; }),
                Connectivity::kVolume);
  const PieceCells cells = cells_by_piece(cores);
  std::vector<std::uint8_t> is_gas(cores.numbers(), 0);
  for (std::int32_t k = 1; k <= cores.count; ++k) {
    const auto number = static_cast<std::size_t>(k);
    if (static_cast<double>(cores.cells[number]) * cell_ml(grid.spacing_mm) < 2.0) continue;
    std::vector<float> hu;
    float deepest = 0.0F;
    for (const std::int64_t* cell = cells.begin(k); cell != cells.end(k); ++cell) {
      hu.push_back(grid.hu[*cell]);
      deepest = std::max(deepest, depth[*cell]);
    }
    const float spread = percentile(hu, 90) - percentile(hu, 10);
    if (deepest < kThickMm || percentile(hu, 50) >= -950.0F || spread > 45.0F) continue;
    std::vector<std::uint8_t> this_one(cores.numbers(), 0);
    this_one[number] = 1;
    is_gas[number] = lies_in_soft_tissue(grid, cores.chosen(this_one));
  }
  gas = cores.chosen(is_gas);
  if (!any(gas)) return gas;
  // Grow the cores back to the rim of the gas, within the air.
  for (int step = 0; step < 3; ++step) {
    gas = dilate(gas);
    keep_only(gas, air);
  }
  const auto share = static_cast<double>(count(gas)) / static_cast<double>(count(air));
  return share <= kMostGas ? gas : CellMask(shape);
}

}  // namespace lungrt::ops
