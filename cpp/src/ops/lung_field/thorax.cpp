#include "ops/lung_field/thorax.h"

#include <cmath>

#include "ops/lung_field/distance.h"
#include "ops/lung_field/hull.h"

namespace lungrt::ops {
namespace {

constexpr float kBoneHu = 150.0F;
/// A side with less than this fraction of the other side's lung has lost some: in the whole volume,
/// and around a slice.
constexpr double kLostShare = 0.6, kLostShareOfSlab = 0.4;
constexpr double kSlabMm = 40.0;
constexpr double kBoneNearMm = 25.0;
/// Ribs run obliquely, so a slice also uses those of its neighbours within this distance.
constexpr double kRibPitchMm = 10.0;

/// Number of lung cells in each slice on either side of a column.
std::array<std::vector<double>, 2> lung_by_side(const CellMask& lungs, std::int64_t middle) {
  const VolumeShape& shape = lungs.shape();
  std::array<std::vector<double>, 2> sides;
  for (auto& side : sides) side.assign(static_cast<std::size_t>(shape.slices), 0.0);
  for (std::int64_t cell = 0; cell < lungs.size(); ++cell) {
    const auto slice = static_cast<std::size_t>(cell / shape.slice_voxels());
    sides[cell % shape.columns < middle ? 0 : 1][slice] += lungs[cell];
  }
  return sides;
}

double sum(const std::vector<double>& values, std::int64_t first, std::int64_t last) {
  double total = 0.0;
  for (std::int64_t k = std::max<std::int64_t>(0, first);
       k < std::min<std::int64_t>(last, static_cast<std::int64_t>(values.size())); ++k) {
    total += values[static_cast<std::size_t>(k)];
  }
  return total;
}

}  // namespace

CellMask find_bone(const CoarseGrid& grid, const Tissue& tissue, const CellMask& lungs) {
  const CellBox box = bounding_box(lungs);
  return mask_where(lungs.shape(), [&](std::int64_t cell) {
    const std::int64_t slice = cell / lungs.shape().slice_voxels();
    return grid.hu[cell] > kBoneHu && tissue.body[cell] && slice >= box.first[0] &&
           slice < box.last[0];
  });
}

std::int64_t middle_column(const CellMask& bone) {
  const VolumeShape& shape = bone.shape();
  std::vector<std::int64_t> columns(static_cast<std::size_t>(shape.columns), 0);
  for (std::int64_t cell = 0; cell < bone.size(); ++cell) {
    columns[static_cast<std::size_t>(cell % shape.columns)] += bone[cell];
  }
  const std::int64_t all = count(bone);
  if (all == 0) return shape.columns / 2;
  std::int64_t passed = 0, column = 0;
  while (2 * (passed += columns[static_cast<std::size_t>(column)]) < all) ++column;
  return column;
}

bool mirror_lost_side(const CellMask& lungs, const CellMask& bone, const CellMask& body,
                      const CellSpacing& spacing_mm, CellMask& field) {
  const VolumeShape& shape = field.shape();
  const std::int64_t middle = middle_column(bone);
  const auto sides = lung_by_side(lungs, middle);
  const std::array<double, 2> whole{sum(sides[0], 0, shape.slices), sum(sides[1], 0, shape.slices)};
  const std::int64_t reach = std::lround(0.5 * kSlabMm / spacing_mm[0]);
  const auto lost_on_the_whole = [&](std::size_t side) {
    return whole[side] < kLostShare * whole[1 - side];
  };
  const CellMask seen = field;
  for (std::int64_t s = 0; s < shape.slices; ++s) {
    for (const std::size_t lost : {std::size_t{0}, std::size_t{1}}) {
      const std::size_t kept = 1 - lost;
      const double here = sum(sides[lost], s - reach, s + reach + 1);
      const double there = sum(sides[kept], s - reach, s + reach + 1);
      if (!lost_on_the_whole(lost) && !(here < kLostShareOfSlab * there)) continue;
      for (std::int64_t r = 0; r < shape.rows; ++r) {
        for (std::int64_t c = 0; c < shape.columns; ++c) {
          const std::int64_t to = 2 * middle - c;
          const bool to_lost = lost == 0 ? to < middle : to >= middle;
          if (!to_lost || to < 0 || to >= shape.columns) continue;
          if (seen.at(s, r, c) && body.at(s, r, to)) field.at(s, r, to) = 1;
        }
      }
    }
  }
  return lost_on_the_whole(0) || lost_on_the_whole(1);
}

CellMask rib_cage(const CellMask& field, const CellMask& lungs, const CellMask& bone,
                  const CellSpacing& spacing_mm) {
  const VolumeShape& shape = field.shape();
  CellMask corners = within_distance(field, kBoneNearMm, spacing_mm);
  const std::int64_t reach = std::max<std::int64_t>(1, std::lround(kRibPitchMm / spacing_mm[0]));
  const CellBox box = bounding_box(lungs);
  for (std::int64_t cell = 0; cell < corners.size(); ++cell) {
    if (!corners[cell]) continue;
    const VoxelIndex at = corners.place(cell);
    corners[cell] = 0;
    if (at.slice < box.first[0] || at.slice >= box.last[0]) continue;
    for (std::int64_t s = std::max<std::int64_t>(0, at.slice - reach);
         s < std::min(shape.slices, at.slice + reach + 1); ++s) {
      corners[cell] |= bone.at(s, at.row, at.column);
    }
  }
  add(corners, field);
  return axial_hulls(corners);
}

}  // namespace lungrt::ops
