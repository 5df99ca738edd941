#include "ops/crop.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "lungrt/error.h"
#include "ops/normalize.h"

namespace lungrt::ops {

VoxelIndex crop_origin(const VolumeShape& shape, const VoxelIndex& center,
                       const std::array<std::int64_t, 3>& size) {
  if (!shape.contains(center)) {
    throw Error(ErrorCode::kInvalidArgument,
                "candidate " + text::place(center) + " lies outside of the volume of " +
                    text::extent(shape) + " (slices x rows x columns)");
  }
  const auto start = [&](std::int64_t middle, std::int64_t crop, std::int64_t axis) {
    if (axis < crop) {
      throw Error(ErrorCode::kBadVolume,
                  "the volume of " + text::extent(shape) +
                      " voxels is smaller than the classifier's crop of " +
                      text::extent({size[0], size[1], size[2]}) +
                      " (slices x rows x columns); pad it with air, or give the whole scan");
    }
    // Half to even: where the crop is odd, its centre falls between two voxels.
    const double wanted =
        std::nearbyint(static_cast<double>(middle) - static_cast<double>(crop) / 2);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted), 0, axis - crop);
  };
  return {start(center.slice, size[0], shape.slices), start(center.row, size[1], shape.rows),
          start(center.column, size[2], shape.columns)};
}

void gather_crop(const CtVolume& volume, const VoxelIndex& origin, const InputContract& input,
                 float* output) {
  const VolumeShape& shape = volume.shape();
  const auto& [slices, rows, columns] = input.crop;
  const VoxelIndex last{origin.slice + slices - 1, origin.row + rows - 1,
                        origin.column + columns - 1};
  if (!shape.contains(origin) || !shape.contains(last)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the crop from voxel " + text::place(origin) + " to " + text::place(last) +
                    " sticks out of the volume of " + text::extent(shape) +
                    " (slices x rows x columns)");
  }
  for (std::int64_t slice = 0; slice < slices; ++slice) {
    for (std::int64_t row = 0; row < rows; ++row, output += columns) {
      const std::int16_t* hu =
          volume.slice(origin.slice + slice) + (origin.row + row) * shape.columns + origin.column;
      normalize(hu, columns, input, output);
    }
  }
}

}  // namespace lungrt::ops
