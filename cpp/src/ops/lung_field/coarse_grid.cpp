#include "ops/lung_field/coarse_grid.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt::ops {
namespace {

/// Padding values such as -2000 or -3024 count as air, metal as bone.
constexpr std::int32_t kLowest = -1024, kHighest = 1000;
/// The sum of this many voxels of the lowest value is the smallest int32.
constexpr double kMostBlockVoxels = 1 << 21;

std::int64_t axis_voxels(std::int64_t cell, std::int64_t block, std::int64_t axis) {
  return std::min((cell + 1) * block, axis) - cell * block;
}

}  // namespace

PatientAxes::PatientAxes(const Matrix3& direction) {
  // direction[w][j] is the component along world axis w (x: left, y: posterior, z: superior) of
  // image axis j (columns, rows, slices).
  const auto along = [&](std::size_t patient, std::size_t image) {
    return direction[2 - patient][2 - image];
  };
  std::array<std::size_t, 3> order{0, 1, 2};
  double best = -1.0;
  do {
    double sum = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis) sum += std::abs(along(axis, order[axis]));
    if (sum > best) {
      best = sum;
      image_axis_ = order;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  for (std::size_t axis = 0; axis < 3; ++axis) flipped_[axis] = along(axis, image_axis_[axis]) < 0;
}

VolumeShape PatientAxes::reordered(const VolumeShape& image) const {
  const auto [slices, rows, columns] =
      reordered(std::array<std::int64_t, 3>{image.slices, image.rows, image.columns});
  return {slices, rows, columns};
}

VoxelIndex PatientAxes::to_image(const VoxelIndex& patient, const VolumeShape& image) const {
  const std::array<std::int64_t, 3> sizes{image.slices, image.rows, image.columns};
  const std::array<std::int64_t, 3> from{patient.slice, patient.row, patient.column};
  std::array<std::int64_t, 3> to{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t target = image_axis_[axis];
    to[target] = flipped_[axis] ? sizes[target] - 1 - from[axis] : from[axis];
  }
  return {to[0], to[1], to[2]};
}

BlockSize block_size(const Geometry& geometry, double pitch_mm) {
  BlockSize block{};
  double voxels = 1;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double wanted = pitch_mm / geometry.spacing_mm()[2 - axis];
    block[axis] = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::lround(wanted)));
    voxels *= static_cast<double>(block[axis]);
  }
  if (voxels > kMostBlockVoxels) {
    throw Error(ErrorCode::kBadVolume,
                "spacing (x, y, z) " + text::vector3(geometry.spacing_mm()) +
                    " mm is too fine for the lung search: a cell of " + text::number(pitch_mm) +
                    " mm would have " + text::number(voxels) + " voxels, expected at most " +
                    text::number(kMostBlockVoxels) +
                    "; resample the volume, or search all of it with region 'volume'");
  }
  return block;
}

VolumeShape cells_over(const VolumeShape& volume, const BlockSize& block) {
  const auto cells = [](std::int64_t axis, std::int64_t size) { return (axis + size - 1) / size; };
  return {cells(volume.slices, block[0]), cells(volume.rows, block[1]),
          cells(volume.columns, block[2])};
}

std::int64_t block_voxels(const VolumeShape& volume, const BlockSize& block,
                          const VoxelIndex& cell) {
  return axis_voxels(cell.slice, block[0], volume.slices) *
         axis_voxels(cell.row, block[1], volume.rows) *
         axis_voxels(cell.column, block[2], volume.columns);
}

void add_block_sums(const CtVolume& volume, const BlockSize& block, std::int64_t first_slice,
                    std::int64_t last_slice, Cells<std::int32_t>& sums) {
  const VolumeShape& shape = volume.shape();
  // First sums over the slices and rows of a block, per column: this part vectorises.
  std::vector<std::int32_t> columns(static_cast<std::size_t>(shape.columns));
  for (std::int64_t slice = first_slice; slice < last_slice; ++slice) {
    for (std::int64_t row = 0; row < sums.shape().rows; ++row) {
      std::fill(columns.begin(), columns.end(), 0);
      for (std::int64_t z = slice * block[0]; z < std::min((slice + 1) * block[0], shape.slices);
           ++z) {
        for (std::int64_t y = row * block[1]; y < std::min((row + 1) * block[1], shape.rows); ++y) {
          const std::int16_t* hu = volume.slice(z) + y * shape.columns;
          for (std::int64_t x = 0; x < shape.columns; ++x) {
            columns[static_cast<std::size_t>(x)] +=
                std::clamp<std::int32_t>(hu[x], kLowest, kHighest);
          }
        }
      }
      std::int32_t* sum = &sums.at(slice, row, 0);
      for (std::int64_t x = 0; x < shape.columns; ++x) {
        sum[x / block[2]] += columns[static_cast<std::size_t>(x)];
      }
    }
  }
}

CoarseGrid coarse_grid(const CtVolume& volume, const BlockSize& block,
                       const Cells<std::int32_t>& sums) {
  const PatientAxes axes(volume.geometry().direction());
  CoarseGrid grid;
  grid.hu = Cells<float>(axes.reordered(sums.shape()));
  CellSpacing in_image{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    in_image[axis] = volume.geometry().spacing_mm()[2 - axis] * static_cast<double>(block[axis]);
  }
  grid.spacing_mm = axes.reordered(in_image);
  for (std::int64_t s = 0; s < grid.hu.shape().slices; ++s) {
    for (std::int64_t r = 0; r < grid.hu.shape().rows; ++r) {
      for (std::int64_t c = 0; c < grid.hu.shape().columns; ++c) {
        const VoxelIndex from = axes.to_image({s, r, c}, sums.shape());
        grid.hu.at(s, r, c) = static_cast<float>(sums.at(from.slice, from.row, from.column)) /
                              static_cast<float>(block_voxels(volume.shape(), block, from));
      }
    }
  }
  return grid;
}

CellMask to_image_order(const CellMask& mask, const Geometry& geometry, const VolumeShape& image) {
  const PatientAxes axes(geometry.direction());
  CellMask result(image);
  for (std::int64_t cell = 0; cell < mask.size(); ++cell) {
    const VoxelIndex to = axes.to_image(mask.place(cell), image);
    result.at(to.slice, to.row, to.column) = mask[cell];
  }
  return result;
}

}  // namespace lungrt::ops
