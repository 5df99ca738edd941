/// Where in a CT nodules of the lung may be.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lungrt/geometry.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"
#include "ops/lung_field/coarse_grid.h"
#include "ops/slice_window.h"

namespace lungrt::ops {

/// Cells are about this wide (mm).
inline constexpr double kCellPitchMm = 4.0;

/// A part of a volume: every voxel of the cells that are set.
class CellField {
 public:
  /// The whole volume.
  explicit CellField(const VolumeShape& volume);
  /// \param cells  of cells_over(volume, block), in image order
  CellField(const VolumeShape& volume, const BlockSize& block, CellMask cells);

  const VolumeShape& volume_shape() const { return volume_; }
  /// \pre the voxel lies in the volume
  bool contains(const VoxelIndex& voxel) const;
  /// The smallest window around the field's part of a slice; empty where it has none.
  SliceWindow window(std::int64_t slice) const;
  /// Whether any voxel from `first` to `last` (inclusive, in the volume) is part of it.
  bool meets(const VoxelIndex& first, const VoxelIndex& last) const;
  /// Share of the volume's voxels.
  double share() const;
  /// A bit a voxel.
  NoduleMask to_mask() const;

 private:
  VolumeShape volume_;
  BlockSize block_;
  CellMask cells_;
};

/// What was found on the way, for the report.
struct LungFieldResult {
  CellField field;
  double air_ml = 0.0;             ///< aerated lung
  double field_ml = 0.0;           ///< of the field
  std::vector<std::string> notes;  ///< where and why the field was widened
};

/// Finds the lungs and what may hide nodules around them.
/// \param sums   of every block of block_size(geometry, kCellPitchMm), in image order
/// \param pause  called between steps; what it throws ends the search
/// \throws Error kBadVolume where there is no plausible lung: it does not guess
LungFieldResult find_lung_field(
    const CtVolume& volume, const Cells<std::int32_t>& sums,
    const std::function<void()>& pause = [] {});

}  // namespace lungrt::ops
