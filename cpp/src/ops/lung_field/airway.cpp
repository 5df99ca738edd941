#include "ops/lung_field/airway.h"

#include <cmath>
#include <limits>

#include "ops/lung_field/morphology.h"
#include "ops/lung_field/pieces.h"

namespace lungrt::ops {
namespace {

/// Below it a cell is free air, darker than any lung except with emphysema (HU).
constexpr float kFreeAirHu = -930.0F;
/// Above it a cell is tissue, which may contain an airway's wall (HU).
constexpr float kWallHu = -500.0F;

/// Connected piece of free air within one slice.
struct Disc {
  std::int32_t piece = 0;
  std::int64_t slice = 0;
  double row = 0, column = 0;  ///< centre
  double area_cm2 = 0;
  double wall = 0;  ///< fraction of the ring around it that is tissue
  std::int64_t first_row = 0, last_row = 0, first_column = 0, last_column = 0;  ///< inclusive
};

class AirwaySearch {
 public:
  AirwaySearch(const CoarseGrid& grid, const Tissue& tissue)
      : grid_(grid),
        tissue_(tissue),
        pieces_(pieces_of(mask_where(grid.hu.shape(),
                                     [&](std::int64_t cell) {
                                       return grid.hu[cell] < kFreeAirHu && tissue.inner_air[cell];
                                     }),
                          Connectivity::kInSlice)),
        body_(bounding_box(tissue.body)) {
    measure();
  }

  CellMask run() const {
    const std::vector<const Disc*> trachea = best_chain();
    if (trachea.empty()) return CellMask(grid_.hu.shape());
    CellMask airway = dilate(grow(trachea));  // includes the partial volume at the wall
    keep_only(airway, tissue_.inner_air);
    return airway;
  }

 private:
  void measure() {
    const PieceCells cells = cells_by_piece(pieces_);
    discs_.resize(pieces_.numbers());
    for (std::int32_t k = 1; k <= pieces_.count; ++k) {
      Disc& disc = discs_[static_cast<std::size_t>(k)];
      const VoxelIndex start = pieces_.labels.place(*cells.begin(k));
      disc = {k, start.slice, 0, 0, 0, 0, start.row, start.row, start.column, start.column};
      for (const std::int64_t* cell = cells.begin(k); cell != cells.end(k); ++cell) {
        const VoxelIndex at = pieces_.labels.place(*cell);
        disc.row += static_cast<double>(at.row);
        disc.column += static_cast<double>(at.column);
        disc.first_row = std::min(disc.first_row, at.row);
        disc.last_row = std::max(disc.last_row, at.row);
        disc.first_column = std::min(disc.first_column, at.column);
        disc.last_column = std::max(disc.last_column, at.column);
      }
      const auto size = static_cast<double>(pieces_.cells[static_cast<std::size_t>(k)]);
      disc.row /= size;
      disc.column /= size;
      disc.area_cm2 = size * cell_cm2(grid_.spacing_mm);
      if (disc.area_cm2 <= 12.0) disc.wall = wall_share(disc);
    }
  }

  /// Fraction of tissue in the ring two to three cells around the disc. Air in emphysema is
  /// surrounded by lung instead.
  double wall_share(const Disc& disc) const {
    const VolumeShape& shape = grid_.hu.shape();
    constexpr std::int64_t kAround = 4;
    const std::int64_t top = std::max<std::int64_t>(0, disc.first_row - kAround);
    const std::int64_t left = std::max<std::int64_t>(0, disc.first_column - kAround);
    CellMask window({1, std::min(shape.rows, disc.last_row + kAround + 1) - top,
                     std::min(shape.columns, disc.last_column + kAround + 1) - left});
    for (std::int64_t r = 0; r < window.shape().rows; ++r) {
      for (std::int64_t c = 0; c < window.shape().columns; ++c) {
        window.at(0, r, c) = pieces_.labels.at(disc.slice, top + r, left + c) == disc.piece;
      }
    }
    const CellMask near = dilate_in_slices(window, 2);
    CellMask ring = dilate_in_slices(near);
    remove(ring, near);
    std::int64_t cells = 0, walls = 0;
    for (std::int64_t r = 0; r < window.shape().rows; ++r) {
      for (std::int64_t c = 0; c < window.shape().columns; ++c) {
        if (!ring.at(0, r, c)) continue;
        ++cells;
        walls += grid_.hu.at(disc.slice, top + r, left + c) > kWallHu;
      }
    }
    return cells == 0 ? 0.0 : static_cast<double>(walls) / static_cast<double>(cells);
  }

  bool may_be_trachea(const Disc& disc) const {
    if (disc.area_cm2 < 0.4 || disc.area_cm2 > 9.0) return false;
    const double height =
        static_cast<double>(disc.last_row - disc.first_row + 1) * grid_.spacing_mm[1];
    const double width =
        static_cast<double>(disc.last_column - disc.first_column + 1) * grid_.spacing_mm[2];
    const bool round = std::max(height, width) <= 2.2 * std::min(height, width) + 3.0 &&
                       disc.area_cm2 * 100.0 >= 0.5 * height * width;
    if (!round) return false;
    const std::uint8_t rays =
        tissue_.enclosure.at(disc.slice, std::lround(disc.row), std::lround(disc.column));
    return rays == 4 && disc.wall >= 0.55;
  }

  /// Chain of discs in consecutive slices, each at most 8 mm aside of the previous one, that is
  /// long and central enough for a trachea; empty where there is none.
  std::vector<const Disc*> best_chain() const {
    std::vector<std::vector<const Disc*>> by_slice(
        static_cast<std::size_t>(grid_.hu.shape().slices));
    for (const Disc& disc : discs_) {
      if (disc.piece != 0 && may_be_trachea(disc)) {
        by_slice[static_cast<std::size_t>(disc.slice)].push_back(&disc);
      }
    }
    std::vector<std::uint8_t> used(discs_.size(), 0);
    std::vector<const Disc*> best;
    double best_score = 0.0;
    for (std::size_t slice = by_slice.size(); slice-- > 0;) {
      for (const Disc* top : by_slice[slice]) {
        if (used[static_cast<std::size_t>(top->piece)]) continue;
        std::vector<const Disc*> chain{top};
        for (std::size_t below = slice; below-- > 0;) {
          const Disc* next = nearest(*chain.back(), by_slice[below]);
          if (next == nullptr) break;
          used[static_cast<std::size_t>(next->piece)] = 1;
          chain.push_back(next);
        }
        const double score = central_length_mm(chain);
        if (score > best_score) {
          best_score = score;
          best = std::move(chain);
        }
      }
    }
    const double length_mm = static_cast<double>(best.size()) * grid_.spacing_mm[0];
    return length_mm < 20.0 || best_score < 10.0 ? std::vector<const Disc*>{} : best;
  }

  const Disc* nearest(const Disc& disc, const std::vector<const Disc*>& others) const {
    const Disc* result = nullptr;
    double least = 8.0;
    for (const Disc* other : others) {
      const double away = std::hypot((other->row - disc.row) * grid_.spacing_mm[1],
                                     (other->column - disc.column) * grid_.spacing_mm[2]);
      if (away < least) {
        least = away;
        result = other;
      }
    }
    return result;
  }

  /// Length of a chain, reduced with its distance from the body's middle.
  double central_length_mm(const std::vector<const Disc*>& chain) const {
    double column = 0.0;
    for (const Disc* disc : chain) column += disc->column / static_cast<double>(chain.size());
    const double middle = 0.5 * static_cast<double>(body_.first[2] + body_.last[2] - 1);
    const double half = 0.5 * static_cast<double>(body_.last[2] - body_.first[2] - 1) + 1e-6;
    const double central = std::max(0.0, 1.0 - std::abs(column - middle) / (0.45 * half));
    return static_cast<double>(chain.size()) * grid_.spacing_mm[0] * central;
  }

  /// Grows the trachea into the main bronchi: dark cells near its lower end whose discs are small,
  /// at most 60 ml.
  CellMask grow(const std::vector<const Disc*>& trachea) const {
    std::vector<std::uint8_t> in_trachea(discs_.size(), 0), small(discs_.size(), 0);
    for (const Disc* disc : trachea) in_trachea[static_cast<std::size_t>(disc->piece)] = 1;
    for (const Disc& disc : discs_) {
      small[static_cast<std::size_t>(disc.piece)] =
          disc.area_cm2 >= 0.2 && disc.area_cm2 <= 12.0 && disc.wall >= 0.4;
    }
    small[0] = 0;
    const CellMask seeds = pieces_.chosen(in_trachea);
    CellMask all_small = pieces_.chosen(small);
    const Disc& lowest = *trachea.back();
    CellMask within = all_small;
    for (std::int64_t cell = 0; cell < within.size(); ++cell) {
      const VoxelIndex at = within.place(cell);
      const double below_mm = static_cast<double>(lowest.slice - at.slice) * grid_.spacing_mm[0];
      const double aside_mm =
          std::abs(static_cast<double>(at.column) - lowest.column) * grid_.spacing_mm[2];
      const double ahead_mm =
          std::abs(static_cast<double>(at.row) - lowest.row) * grid_.spacing_mm[1];
      if (below_mm > 45.0 || aside_mm > 60.0 || ahead_mm > 45.0) within[cell] = 0;
    }
    CellMask grown = reach(seeds, within);
    const double bronchi_ml =
        static_cast<double>(count(grown) - count(seeds)) * cell_ml(grid_.spacing_mm);
    if (bronchi_ml <= 60.0) return grown;
    // It has leaked into a lung: restrict the growth to 20 mm.
    add(all_small, seeds);
    grown = seeds;
    for (int step = 0; step <= static_cast<int>(20.0 / grid_.spacing_mm[0]); ++step) {
      grown = dilate(grown);
      keep_only(grown, all_small);
    }
    return grown;
  }

  const CoarseGrid& grid_;
  const Tissue& tissue_;
  Pieces pieces_;
  CellBox body_;
  std::vector<Disc> discs_;  ///< by piece
};

}  // namespace

CellMask find_airway(const CoarseGrid& grid, const Tissue& tissue) {
  return AirwaySearch(grid, tissue).run();
}

}  // namespace lungrt::ops
