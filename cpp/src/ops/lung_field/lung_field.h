/// Lung field: the part of a CT where lung nodules may be.
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

/// Approximate size of a cell (mm).
inline constexpr double kCellPitchMm = 4.0;

/// Part of a volume: all voxels of the cells that are set.
class CellField {
 public:
  /// The whole volume.
  explicit CellField(const VolumeShape& volume);
  /// \param cells  mask of shape cells_over(volume, block), in image order
  CellField(const VolumeShape& volume, const BlockSize& block, CellMask cells);

  const VolumeShape& volume_shape() const { return volume_; }
  /// \pre the voxel lies in the volume
  bool contains(const VoxelIndex& voxel) const;
  /// Smallest window around the field in a slice; empty where the field does not meet the slice.
  SliceWindow window(std::int64_t slice) const;
  /// Whether the field contains any voxel of the box from `first` to `last` (inclusive, within the
  /// volume).
  bool meets(const VoxelIndex& first, const VoxelIndex& last) const;
  /// Fraction of the volume's voxels that lie in the field.
  double share() const;
  /// The field as one bit per voxel.
  NoduleMask to_mask() const;

 private:
  VolumeShape volume_;
  BlockSize block_;
  CellMask cells_;
};

/// Result of the search, with figures and notes for the report.
struct LungFieldResult {
  CellField field;
  double air_ml = 0.0;             ///< volume of the aerated lung
  double field_ml = 0.0;           ///< volume of the field
  std::vector<std::string> notes;  ///< where and why the field was widened
};

/// Finds the lungs and the surrounding regions that may contain nodules.
/// \param sums   for every block of block_size(geometry, kCellPitchMm), in image order
/// \param pause  called between steps; an exception that it throws ends the search
/// \throws Error kBadVolume where no plausible lung is found
LungFieldResult find_lung_field(
    const CtVolume& volume, const Cells<std::int32_t>& sums,
    const std::function<void()>& pause = [] {});

}  // namespace lungrt::ops
