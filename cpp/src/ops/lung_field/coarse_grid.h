/// Coarse grid: a CT as means over blocks of voxels, in the order of the patient's axes, on which
/// the lung field is found.
#pragma once

#include <array>
#include <cstdint>

#include "lungrt/volume.h"
#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Voxels per cell along (slices, rows, columns) of the image.
using BlockSize = std::array<std::int64_t, 3>;

/// Number of voxels whose extent is closest to the pitch, for each axis.
/// \throws Error kBadVolume  where a cell would have more than 2^21 voxels, whose sum may overflow
///                           int32: spacings far below those of any CT
BlockSize block_size(const Geometry& geometry, double pitch_mm);

/// Shape of the grid that covers the volume; the last cells along an axis may be smaller.
VolumeShape cells_over(const VolumeShape& volume, const BlockSize& block);

/// Number of voxels of a cell, without those beyond the end of the volume.
std::int64_t block_voxels(const VolumeShape& volume, const BlockSize& block,
                          const VoxelIndex& cell);

/// Sums clamp(HU, -1024, 1000) over the blocks of some slices of cells, in image order. Different
/// threads may compute different slices at the same time.
/// \param sums  of cells_over(volume, block)
void add_block_sums(const CtVolume& volume, const BlockSize& block, std::int64_t first_slice,
                    std::int64_t last_slice, Cells<std::int32_t>& sums);

/// Assigns image axes to the closest patient axes. Patient order is (superior, posterior, left), so
/// "slices" in patient order are axial, whatever the image's orientation.
class PatientAxes {
 public:
  explicit PatientAxes(const Matrix3& direction);

  /// Reorders (slices, rows, columns) of the image to (superior, posterior, left).
  template <typename T>
  std::array<T, 3> reordered(const std::array<T, 3>& image) const {
    return {image[image_axis_[0]], image[image_axis_[1]], image[image_axis_[2]]};
  }
  VolumeShape reordered(const VolumeShape& image) const;

  /// Index in the image of an index in patient order.
  VoxelIndex to_image(const VoxelIndex& patient, const VolumeShape& image) const;

 private:
  std::array<std::size_t, 3> image_axis_{};  ///< 0: slices, 1: rows, 2: columns
  std::array<bool, 3> flipped_{};
};

/// Mean HU of each cell, in patient order (superior, posterior, left).
struct CoarseGrid {
  Cells<float> hu;
  CellSpacing spacing_mm{};
};

/// Builds the grid from the sums over blocks.
/// \param sums  for every block of the volume, in image order
CoarseGrid coarse_grid(const CtVolume& volume, const BlockSize& block,
                       const Cells<std::int32_t>& sums);

/// Reorders a mask from patient order to the order of the image.
CellMask to_image_order(const CellMask& mask, const Geometry& geometry, const VolumeShape& image);

}  // namespace lungrt::ops
