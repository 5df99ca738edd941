/// Boxes of voxels around candidates, as the classifiers want them.
#pragma once

#include <array>
#include <cstdint>

#include "core/bundle.h"
#include "lungrt/volume.h"

namespace lungrt::ops {

/// First voxel of the crop around a centre: round_half_even(centre - size / 2) per axis, shifted
/// inward where the crop would stick out.
/// \throws Error kBadVolume     where the volume is smaller than the crop
/// \throws Error kInvalidArgument for a centre outside of the volume
VoxelIndex crop_origin(const VolumeShape& shape, const VoxelIndex& center,
                       const std::array<std::int64_t, 3>& size);

/// Writes clamp(hu, window) * scale + offset for each voxel of the crop, array order.
/// \param output  crop[0] * crop[1] * crop[2] floats
/// \throws Error kInvalidArgument  for a crop that sticks out of the volume
void gather_crop(const CtVolume& volume, const VoxelIndex& origin, const InputContract& input,
                 float* output);

}  // namespace lungrt::ops
