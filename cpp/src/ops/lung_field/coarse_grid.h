/// A CT as means over blocks of voxels: what the lung field is found on.
#pragma once

#include <array>
#include <cstdint>

#include "lungrt/volume.h"
#include "ops/lung_field/cells.h"

namespace lungrt::ops {

/// Voxels that make a cell, along (slices, rows, columns) of the image.
using BlockSize = std::array<std::int64_t, 3>;

/// Whole numbers of voxels that come nearest to the pitch on each axis.
/// \throws Error kBadVolume  where a cell would have more than 2^21 voxels, whose sum int32 may not
///                           hold: spacings far below any CT's
BlockSize block_size(const Geometry& geometry, double pitch_mm);

/// Cells that cover the volume; the last ones may hold fewer voxels.
VolumeShape cells_over(const VolumeShape& volume, const BlockSize& block);

/// Voxels of a cell, less those past the volume's end.
std::int64_t block_voxels(const VolumeShape& volume, const BlockSize& block,
                          const VoxelIndex& cell);

/// Adds up clamp(HU, -1024, 1000) over the blocks of some slices of cells, in image order. Parts of
/// the result that differ in slices may be written by different threads.
/// \param sums  of cells_over(volume, block)
void add_block_sums(const CtVolume& volume, const BlockSize& block, std::int64_t first_slice,
                    std::int64_t last_slice, Cells<std::int32_t>& sums);

/// Mean HU a cell, in patient order (superior, posterior, left).
struct CoarseGrid {
  Cells<float> hu;
  CellSpacing spacing_mm{};
};

/// \param sums  of every block of the volume, in image order
CoarseGrid coarse_grid(const CtVolume& volume, const BlockSize& block,
                       const Cells<std::int32_t>& sums);

/// A mask in patient order as one in the order of the image.
CellMask to_image_order(const CellMask& mask, const Geometry& geometry, const VolumeShape& image);

}  // namespace lungrt::ops
