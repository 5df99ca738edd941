/// Sums over blocks of voxels of a CT in host memory.
#pragma once

#include <cstdint>

#include "lungrt/volume.h"
#include "ops/lung_field/coarse_grid.h"
#include "stages/run_control.h"

namespace lungrt {

/// Implements PlacedScan::block_sums for a volume in host memory.
ops::Cells<std::int32_t> block_sums(const CtVolume& volume, const ops::BlockSize& block,
                                    int threads, const RunControl& control);

}  // namespace lungrt
