#include "ops/crop.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/text.h"
#include "lungrt/error.h"
#include "ops/network_input.h"

namespace lungrt::ops {

VoxelIndex crop_origin(const VolumeShape& shape, const VoxelIndex& center,
                       const std::array<std::int64_t, 3>& size, SmallVolume small_volume) {
  if (!shape.contains(center)) {
    throw Error(ErrorCode::kInvalidArgument,
                "candidate " + text::place(center) + " lies outside of the volume of " +
                    text::extent(shape) + " (slices x rows x columns)");
  }
  const auto start = [&](std::int64_t middle, std::int64_t crop, std::int64_t axis) {
    if (axis < crop) {
      if (small_volume == SmallVolume::kPadWithAir) return -((crop - axis) / 2);
      throw Error(ErrorCode::kBadVolume, "the volume of " + text::extent(shape) +
                                             " voxels is smaller than the classifier's crop of " +
                                             text::extent({size[0], size[1], size[2]}) +
                                             " (slices x rows x columns); provide the whole scan, "
                                             "or pad it with air, as profile 'lung' does");
    }
    // Rounds half to even: the start of a crop of odd size falls between two voxels.
    const double wanted =
        std::nearbyint(static_cast<double>(middle) - static_cast<double>(crop) / 2);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted), 0, axis - crop);
  };
  return {start(center.slice, size[0], shape.slices), start(center.row, size[1], shape.rows),
          start(center.column, size[2], shape.columns)};
}

namespace {

/// Number of rows that are prefetched ahead of the one that is normalised.
constexpr std::int64_t kRowsAhead = 8;

/// Prefetches voxels at an offset; the address need not be valid.
void prefetch(const std::int16_t* voxels, std::int64_t offset, std::int64_t count) {
  constexpr std::uintptr_t kLine = 64;
  const auto voxel = static_cast<std::int64_t>(sizeof(std::int16_t));
  const auto first =
      reinterpret_cast<std::uintptr_t>(voxels) + static_cast<std::uintptr_t>(offset * voxel);
  const std::uintptr_t end = first + static_cast<std::uintptr_t>(count * voxel);
  for (std::uintptr_t line = first / kLine * kLine; line < end; line += kLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(line));
  }
}

}  // namespace

void gather_crop(const CtVolume& volume, const VoxelIndex& origin, const InputContract& input,
                 float* output) {
  const VolumeShape& shape = volume.shape();
  const auto& [slices, rows, columns] = input.crop;
  // On a padded axis the crop contains the volume; on other axes the volume contains the crop.
  const auto fits = [](std::int64_t first, std::int64_t size, std::int64_t axis) {
    return size > axis ? first <= 0 && first + size >= axis : first >= 0 && first + size <= axis;
  };
  if (!fits(origin.slice, slices, shape.slices) || !fits(origin.row, rows, shape.rows) ||
      !fits(origin.column, columns, shape.columns)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the crop from voxel " + text::place(origin) + " to " +
                    text::place({origin.slice + slices - 1, origin.row + rows - 1,
                                 origin.column + columns - 1}) +
                    " extends beyond the volume of " + text::extent(shape) +
                    " (slices x rows x columns)");
  }
  constexpr std::int16_t kAirHu = -1000;
  float air = 0.0F;
  normalize(&kAirHu, 1, input, &air);
  const std::int64_t before = std::max<std::int64_t>(0, -origin.column);
  const std::int64_t inside = std::min(columns - before, shape.columns - origin.column - before);
  const std::int64_t to_next_slice = shape.slice_voxels() - rows * shape.columns;
  for (std::int64_t slice = origin.slice; slice < origin.slice + slices; ++slice) {
    for (std::int64_t row = origin.row; row < origin.row + rows; ++row, output += columns) {
      if (!shape.contains({slice, row, 0})) {
        std::fill_n(output, columns, air);
        continue;
      }
      const std::int16_t* hu =
          volume.slice(slice) + row * shape.columns + std::max<std::int64_t>(0, origin.column);
      // Rows of a crop are short and far apart, so hardware prefetchers do not follow them.
      const bool in_slice = row + kRowsAhead < origin.row + rows;
      prefetch(hu, kRowsAhead * shape.columns + (in_slice ? 0 : to_next_slice), inside);
      std::fill_n(output, before, air);
      normalize(hu, inside, input, output + before);
      std::fill(output + before + inside, output + columns, air);
    }
  }
}

}  // namespace lungrt::ops
