#include "ops/lung_field/lungs.h"

#include <optional>

#include "ops/lung_field/distance.h"
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

}  // namespace lungrt::ops
