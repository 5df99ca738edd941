/// Input of the classifiers: crops around candidates.
#pragma once

#include <array>
#include <cstdint>

#include "core/bundle/bundle.h"
#include "lungrt/volume.h"

namespace lungrt::ops {

/// How to treat a volume that is smaller than a crop.
enum class SmallVolume {
  kRefuse,
  kPadWithAir,  ///< centre the volume in the crop and fill the rest with -1000 HU
};

/// First voxel of the crop around a centre: round_half_even(centre - size / 2) per axis, shifted
/// inwards where the crop would extend beyond the volume. Negative on an axis that is padded.
/// \throws Error kBadVolume     where the volume is smaller than the crop and that is refused
/// \throws Error kInvalidArgument for a centre outside of the volume
VoxelIndex crop_origin(const VolumeShape& shape, const VoxelIndex& center,
                       const std::array<std::int64_t, 3>& size,
                       SmallVolume small_volume = SmallVolume::kRefuse);

/// Writes clamp(hu, window) * scale + offset for each voxel of the crop, in the order (slice, row,
/// column). Voxels outside of the volume count as air.
/// \param origin  as returned by crop_origin()
/// \param output  crop[0] * crop[1] * crop[2] floats
/// \throws Error kInvalidArgument  for a crop that extends beyond a volume although it would fit
void gather_crop(const CtVolume& volume, const VoxelIndex& origin, const InputContract& input,
                 float* output);

}  // namespace lungrt::ops
