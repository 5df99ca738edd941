#include "ops/lung_field/sides.h"

#include <array>
#include <cmath>

#include "ops/lung_field/distance.h"
#include "ops/lung_field/pieces.h"

namespace lungrt::ops {
namespace {

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

}  // namespace

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

}  // namespace lungrt::ops
