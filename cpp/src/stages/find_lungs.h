/// Search for the lung field of a CT volume.
#pragma once

#include <cstdint>

#include "lungrt/volume.h"
#include "ops/lung_field/coarse_grid.h"
#include "ops/lung_field/lung_field.h"
#include "stages/run_control.h"
#include "stages/scan.h"

namespace lungrt {

/// Finds the lung field of a volume in host memory.
/// \param threads  number of threads that read the volume; the result does not depend on it
/// \throws Error kBadVolume where there is no plausible lung
/// \throws Error kCancelled, kResourceLimit
ops::LungFieldResult find_lungs(const CtVolume& volume, int threads, const RunControl& control);
/// The same for a placed scan: a CUDA device computes the block sums itself.
ops::LungFieldResult find_lungs(PlacedScan& scan, int threads, const RunControl& control);

/// Implements PlacedScan::block_sums for a volume in host memory.
ops::Cells<std::int32_t> block_sums(const CtVolume& volume, const ops::BlockSize& block,
                                    int threads, const RunControl& control);

}  // namespace lungrt
