/// A CT in host memory as sums over blocks of voxels.
#pragma once

#include <cstdint>

#include "lungrt/volume.h"
#include "ops/lung_field/coarse_grid.h"
#include "stages/run_control.h"

namespace lungrt {

/// See PlacedScan::block_sums.
ops::Cells<std::int32_t> block_sums(const CtVolume& volume, const ops::BlockSize& block,
                                    int threads, const RunControl& control);

}  // namespace lungrt
