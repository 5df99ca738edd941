/// Boxes of voxels around candidates, as the classifiers want them.
#pragma once

#include <array>
#include <cstdint>

#include "core/bundle.h"
#include "lungrt/volume.h"

namespace lungrt::ops {

/// What to do where a volume is smaller than a crop.
enum class SmallVolume {
  kRefuse,
  kPadWithAir,  ///< the volume lies in the crop's middle, -1000 HU around it
};

/// First voxel of the crop around a centre: round_half_even(centre - size / 2) per axis, shifted
/// inward where the crop would stick out. Negative on an axis that is padded.
/// \throws Error kBadVolume     where the volume is smaller than the crop and that is refused
/// \throws Error kInvalidArgument for a centre outside of the volume
VoxelIndex crop_origin(const VolumeShape& shape, const VoxelIndex& center,
                       const std::array<std::int64_t, 3>& size,
                       SmallVolume small_volume = SmallVolume::kRefuse);

/// Writes clamp(hu, window) * scale + offset for each voxel of the crop, array order; air for
/// voxels outside of the volume.
/// \param origin  as crop_origin gives it
/// \param output  crop[0] * crop[1] * crop[2] floats
/// \throws Error kInvalidArgument  for a crop that sticks out of a volume it fits into
void gather_crop(const CtVolume& volume, const VoxelIndex& origin, const InputContract& input,
                 float* output);

}  // namespace lungrt::ops
