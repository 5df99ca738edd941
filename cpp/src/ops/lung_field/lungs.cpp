#include "ops/lung_field/lungs.h"

#include <array>
#include <cmath>
#include <optional>

#include "ops/lung_field/distance.h"
#include "ops/lung_field/hull.h"
#include "ops/lung_field/morphology.h"
#include "ops/lung_field/pieces.h"
#include "ops/lung_field/statistics.h"

namespace lungrt::ops {
namespace {

/// Least volume of a main lung, which smaller pieces are compared with.
constexpr double kMainMl = 300.0;
/// Depths beyond this are not distinguished.
constexpr double kDeepMm = 10.0;
/// Most by which a smaller piece may be darker than the main lungs (HU).
constexpr float kDarker = 100.0F;

struct AirPiece {
  std::int32_t number = 0;
  double ml = 0;
  double widest_cm2 = 0;  ///< largest area in a slice
  float deepest_mm = 0;
  double enclosed = 0;              ///< fraction of its cells that are enclosed by the body
  float p10 = 0, p50 = 0, p90 = 0;  ///< percentiles of HU in its core
};

/// Free gas is dark and homogeneous; lung is lighter and contains vessels.
bool looks_like_lung(const AirPiece& piece) {
  if (piece.p50 > -930.0F) return true;
  const float spread = piece.p90 - piece.p10;
  if (piece.ml >= kMainMl) return piece.p50 > -975.0F && spread > 35.0F;
  return piece.p50 > -950.0F && spread > 60.0F;
}

bool is_lung(const AirPiece& piece) {
  return (piece.ml >= 30.0 || piece.widest_cm2 >= 15.0) && piece.deepest_mm >= 7.0F &&
         piece.enclosed >= 0.5 && piece.p50 < -450.0F && looks_like_lung(piece);
}

bool may_be_island(const AirPiece& piece) { return piece.enclosed > 0.7 && looks_like_lung(piece); }

AirPiece measure(std::int32_t number, const PieceCells& cells, const CoarseGrid& grid,
                 const Tissue& tissue, const Cells<float>& depth) {
  AirPiece piece;
  piece.number = number;
  const std::int64_t size = cells.end(number) - cells.begin(number);
  piece.ml = static_cast<double>(size) * cell_ml(grid.spacing_mm);
  std::int64_t within_rays = 0, taken_back = 0, in_slice = 0, widest = 0, slice = -1;
  for (const std::int64_t* cell = cells.begin(number); cell != cells.end(number); ++cell) {
    within_rays += tissue.enclosure[*cell] >= 3;
    taken_back += tissue.taken_back[*cell];
    piece.deepest_mm = std::max(piece.deepest_mm, depth[*cell]);
    const std::int64_t its_slice = *cell / grid.hu.shape().slice_voxels();
    in_slice = its_slice == slice ? in_slice + 1 : 1;
    slice = its_slice;
    widest = std::max(widest, in_slice);
  }
  piece.widest_cm2 = static_cast<double>(widest) * cell_cm2(grid.spacing_mm);
  piece.enclosed =
      static_cast<double>(std::max(within_rays, taken_back)) / static_cast<double>(size);
  // Partial volume at the rim says nothing about the content of the piece.
  const float core_mm = std::min(6.0F, 0.6F * piece.deepest_mm);
  std::vector<float> hu;
  for (const std::int64_t* cell = cells.begin(number); cell != cells.end(number); ++cell) {
    if (depth[*cell] >= core_mm) hu.push_back(grid.hu[*cell]);
  }
  piece.p10 = percentile(hu, 10);
  piece.p50 = percentile(hu, 50);
  piece.p90 = percentile(hu, 90);
  return piece;
}

/// Density of the lightest main lung, with which smaller pieces are compared; none without a main
/// lung.
std::optional<float> main_density(const std::vector<AirPiece>& pieces) {
  std::optional<float> density;
  for (const AirPiece& piece : pieces) {
    if (is_lung(piece) && piece.ml >= kMainMl) {
      density = std::max(density.value_or(piece.p50), piece.p50);
    }
  }
  return density;
}

/// Adds aerated islands that lie within 25 mm of a lung.
void add_islands(const std::vector<std::int32_t>& islands, const PieceCells& cells,
                 const CoarseGrid& grid, CellMask& lungs) {
  if (islands.empty() || !any(lungs)) return;
  const CellMask near = within_distance(lungs, 25.0, grid.spacing_mm);
  for (const std::int32_t k : islands) {
    if (std::none_of(cells.begin(k), cells.end(k),
                     [&](std::int64_t cell) { return near[cell] != 0; })) {
      continue;
    }
    std::for_each(cells.begin(k), cells.end(k), [&](std::int64_t cell) { lungs[cell] = 1; });
  }
}

/// Erosion depths that are tried in order to separate the lungs at their anterior junction.
constexpr std::array<double, 7> kErosionsMm{0, 3, 5, 7, 9, 12, 15};
/// Least fraction of the eroded mask that the smaller core must have.
constexpr double kSmallerShare = 0.12;
/// Least distance between the middles of the cores along the left-right axis.
constexpr double kApartMm = 50.0;
/// Largest distance of a lung's cells from its core that is computed.
constexpr double kNearCoreMm = 60.0;

struct Cores {
  CellMask first, second;
};

double middle_column(const CellMask& mask) {
  double sum = 0.0, cells = 0.0;
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    if (!mask[cell]) continue;
    sum += static_cast<double>(cell % mask.shape().columns);
    cells += 1.0;
  }
  return sum / cells;
}

/// The two largest pieces, if the smaller one is large enough and they are far apart; else empty
/// masks.
Cores find_cores(const CellMask& eroded, const CellSpacing& spacing_mm) {
  const Pieces pieces = pieces_of(eroded, Connectivity::kVolume);
  if (pieces.count < 2) return {};
  std::int32_t first = 0, second = 0;
  const auto size = [&](std::int32_t k) {
    return k == 0 ? 0 : pieces.cells[static_cast<std::size_t>(k)];
  };
  for (std::int32_t k = 1; k <= pieces.count; ++k) {
    if (size(k) > size(first)) {
      second = first;
      first = k;
    } else if (size(k) > size(second)) {
      second = k;
    }
  }
  if (static_cast<double>(size(second)) < kSmallerShare * static_cast<double>(count(eroded))) {
    return {};
  }
  const auto only = [&](std::int32_t k) {
    std::vector<std::uint8_t> keep(pieces.numbers(), 0);
    keep[static_cast<std::size_t>(k)] = 1;
    return pieces.chosen(keep);
  };
  Cores cores{only(first), only(second)};
  const double apart =
      std::abs(middle_column(cores.first) - middle_column(cores.second)) * spacing_mm[2];
  return apart >= kApartMm ? std::move(cores) : Cores{};
}

constexpr double kClosingMm = 15.0;
constexpr double kHullMm = 30.0;
constexpr float kMarginMm = 12.0F;

}  // namespace

CellMask find_lungs(const CoarseGrid& grid, const Tissue& tissue, const CellMask& air) {
  const Pieces pieces = pieces_of(air, Connectivity::kVolume);
  const PieceCells cells = cells_by_piece(pieces);
  const Cells<float> depth = depth_in(air, kDeepMm, grid.spacing_mm);
  std::vector<AirPiece> measured;
  for (std::int32_t k = 1; k <= pieces.count; ++k) {
    const double ml =
        static_cast<double>(pieces.cells[static_cast<std::size_t>(k)]) * cell_ml(grid.spacing_mm);
    if (ml >= 0.5) measured.push_back(measure(k, cells, grid, tissue, depth));
  }

  const std::optional<float> density = main_density(measured);
  const auto too_dark = [&](const AirPiece& piece) {
    return density && piece.p50 < *density - kDarker;
  };
  std::vector<std::uint8_t> keep(pieces.numbers(), 0);
  std::vector<std::int32_t> islands;
  for (const AirPiece& piece : measured) {
    if (is_lung(piece)) {
      keep[static_cast<std::size_t>(piece.number)] = piece.ml >= kMainMl || !too_dark(piece);
    } else if (may_be_island(piece) && !too_dark(piece)) {
      islands.push_back(piece.number);
    }
  }
  CellMask lungs = pieces.chosen(keep);
  add_islands(islands, cells, grid, lungs);
  return lungs;
}

std::vector<CellMask> split_sides(const CellMask& lungs, const CellSpacing& spacing_mm) {
  const Cells<float> depth = depth_in(lungs, kErosionsMm.back(), spacing_mm);
  for (const double erosion_mm : kErosionsMm) {
    const Cores cores = find_cores(
        mask_where(lungs.shape(), [&](std::int64_t cell) { return depth[cell] > erosion_mm; }),
        spacing_mm);
    if (cores.first.size() == 0) continue;
    const Cells<float> to_first = distance_to(cores.first, kNearCoreMm, spacing_mm);
    const Cells<float> to_second = distance_to(cores.second, kNearCoreMm, spacing_mm);
    std::vector<CellMask> sides;
    for (const bool first : {true, false}) {
      sides.push_back(mask_where(lungs.shape(), [&](std::int64_t cell) {
        return lungs[cell] && (to_first[cell] <= to_second[cell]) == first;
      }));
    }
    return sides;
  }
  return {lungs};
}

CellMask lung_envelope(const CellMask& lung, const CellSpacing& spacing_mm) {
  CellMask envelope(lung.shape());
  const CellBox box = bounding_box(lung, kHullMm + 6.0, spacing_mm);
  if (box.empty()) return envelope;
  CellMask part = close_with_ball(cut_out(lung, box), kClosingMm, spacing_mm);
  fill_holes_in_slices(part);
  const Cells<float> distance = distance_to(part, kHullMm, spacing_mm);
  const CellMask hulls = hulls_in_three_planes(part);
  for (std::int64_t cell = 0; cell < part.size(); ++cell) {
    part[cell] |= distance[cell] <= kMarginMm || (hulls[cell] && distance[cell] <= kHullMm);
  }
  add_at(envelope, part, box);
  return envelope;
}

}  // namespace lungrt::ops
