#include "ops/lung_field/lung_field.h"

#include <algorithm>

#include "core/text.h"
#include "lungrt/error.h"
#include "ops/lung_field/airway.h"
#include "ops/lung_field/bowel_gas.h"
#include "ops/lung_field/lungs.h"
#include "ops/lung_field/thorax.h"
#include "ops/lung_field/tissue.h"

namespace lungrt::ops {
namespace {

/// A narrower field of view shows only parts of the lungs, so the field is then the whole volume.
constexpr double kWholeChestMm = 230.0;
/// Least fraction of the rib cage that is aerated lung, in the slices that have lung.
constexpr double kAeratedShare = 0.30;

double ml(const CellMask& mask, const CellSpacing& spacing_mm) {
  return static_cast<double>(count(mask)) * cell_ml(spacing_mm);
}

/// Shorter side of the area that is not padding (mm).
double field_of_view_mm(const CoarseGrid& grid) {
  const CellMask seen =
      mask_where(grid.hu.shape(), [&](std::int64_t cell) { return grid.hu[cell] > -1012.0F; });
  const CellBox box = bounding_box(seen);
  if (box.empty()) return 0.0;
  return std::min(static_cast<double>(box.last[1] - box.first[1]) * grid.spacing_mm[1],
                  static_cast<double>(box.last[2] - box.first[2]) * grid.spacing_mm[2]);
}

[[noreturn]] void refuse_without_lungs(const CtVolume& volume) {
  throw Error(
      ErrorCode::kBadVolume,
      "no lungs were found in the volume of " + text::extent(volume.shape()) +
          " voxels (slices x rows x columns): expected a chest CT in Hounsfield units with "
          "aerated lung; to search the whole volume, use region 'volume' or profile 'book'");
}

/// Widens the field to the whole rib cage where too little of it is aerated: the rest may be
/// consolidated on both sides.
/// \param expected  least fraction of the cage that is aerated
void widen_to_rib_cage(const CoarseGrid& grid, const CellMask& lungs, const CellMask& bone,
                       const CellMask& body, double expected, CellMask& field,
                       std::vector<std::string>& notes) {
  const CellMask cage = rib_cage(field, lungs, bone, grid.spacing_mm);
  const double share = static_cast<double>(count(lungs)) / static_cast<double>(count(cage));
  if (share >= expected) return;
  for (std::int64_t cell = 0; cell < field.size(); ++cell) {
    field[cell] |= static_cast<std::uint8_t>(cage[cell] & body[cell]);
  }
  notes.push_back("lung field: only " + text::number(100.0 * share) +
                  " % of the rib cage is aerated; the field was widened to the whole rib cage");
}

}  // namespace

CellField::CellField(const VolumeShape& volume)
    : volume_(volume),
      block_{volume.slices, volume.rows, volume.columns},
      cells_({1, 1, 1}, std::uint8_t{1}) {}

CellField::CellField(const VolumeShape& volume, const BlockSize& block, CellMask cells)
    : volume_(volume), block_(block), cells_(std::move(cells)) {}

bool CellField::contains(const VoxelIndex& voxel) const {
  return cells_.at(voxel.slice / block_[0], voxel.row / block_[1], voxel.column / block_[2]) != 0;
}

SliceWindow CellField::window(std::int64_t slice) const {
  const std::int64_t s = slice / block_[0];
  const VolumeShape& cells = cells_.shape();
  std::int64_t first_row = cells.rows, last_row = 0, first_column = cells.columns, last_column = 0;
  for (std::int64_t r = 0; r < cells.rows; ++r) {
    for (std::int64_t c = 0; c < cells.columns; ++c) {
      if (!cells_.at(s, r, c)) continue;
      first_row = std::min(first_row, r);
      last_row = r + 1;
      first_column = std::min(first_column, c);
      last_column = std::max(last_column, c + 1);
    }
  }
  if (last_row == 0) return {};
  return window_between(first_row * block_[1], last_row * block_[1], first_column * block_[2],
                        last_column * block_[2], volume_);
}

bool CellField::meets(const VoxelIndex& first, const VoxelIndex& last) const {
  for (std::int64_t s = first.slice / block_[0]; s <= last.slice / block_[0]; ++s) {
    for (std::int64_t r = first.row / block_[1]; r <= last.row / block_[1]; ++r) {
      for (std::int64_t c = first.column / block_[2]; c <= last.column / block_[2]; ++c) {
        if (cells_.at(s, r, c)) return true;
      }
    }
  }
  return false;
}

double CellField::share() const {
  std::int64_t voxels = 0;
  for (std::int64_t cell = 0; cell < cells_.size(); ++cell) {
    if (cells_[cell]) voxels += block_voxels(volume_, block_, cells_.place(cell));
  }
  return static_cast<double>(voxels) / static_cast<double>(volume_.voxels());
}

NoduleMask CellField::to_mask() const {
  NoduleMask mask(volume_);
  for (std::int64_t slice = 0; slice < volume_.slices; ++slice) {
    for (std::int64_t row = 0; row < volume_.rows; ++row) {
      const std::uint8_t* cells = &cells_.at(slice / block_[0], row / block_[1], 0);
      std::uint64_t* words = mask.row(slice, row);
      for (std::int64_t c = 0; c < volume_.columns; ++c) {
        words[c / 64] |= std::uint64_t{cells[c / block_[2]]} << (c % 64);
      }
    }
  }
  return mask;
}

LungFieldResult find_lung_field(const CtVolume& volume, const Cells<std::int32_t>& sums,
                                const std::function<void()>& pause) {
  const BlockSize block = block_size(volume.geometry(), kCellPitchMm);
  const CoarseGrid grid = coarse_grid(volume, block, sums);
  pause();
  const Tissue tissue = find_tissue(grid);
  pause();
  const CellMask airway = find_airway(grid, tissue);
  pause();
  CellMask air = tissue.inner_air;
  remove(air, airway);
  remove(air, find_bowel_gas(grid, air));
  pause();
  const CellMask lungs = find_lungs(grid, tissue, air);
  if (!any(lungs)) refuse_without_lungs(volume);
  pause();

  LungFieldResult result{CellField(volume.shape()), ml(lungs, grid.spacing_mm), 0.0, {}};
  const double seen_mm = field_of_view_mm(grid);
  if (seen_mm < kWholeChestMm) {
    result.notes.push_back("lung field: the field of view is " + text::number(seen_mm) +
                           " mm, expected " + text::number(kWholeChestMm) +
                           " mm or more for a whole chest; the field is the whole volume");
  } else {
    CellMask field(lungs.shape());
    for (const CellMask& side : split_sides(lungs, grid.spacing_mm)) {
      add(field, lung_envelope(side, grid.spacing_mm));
      pause();
    }
    const CellMask bone = find_bone(grid, tissue, lungs);
    const bool lost_side = mirror_lost_side(lungs, bone, tissue.body, grid.spacing_mm, field);
    if (lost_side) {
      result.notes.push_back(
          "lung field: one side has much less air than the other; the field was widened by the "
          "mirror image of the other side");
    }
    widen_to_rib_cage(grid, lungs, bone, tissue.body,
                      lost_side ? 0.5 * kAeratedShare : kAeratedShare, field, result.notes);
    remove(field, tissue.outside);
    remove(field, airway);
    result.field =
        CellField(volume.shape(), block, to_image_order(field, volume.geometry(), sums.shape()));
  }
  result.field_ml = result.field.share() * static_cast<double>(volume.shape().voxels()) *
                    volume.geometry().voxel_volume_mm3() / 1000.0;
  return result;
}

}  // namespace lungrt::ops
