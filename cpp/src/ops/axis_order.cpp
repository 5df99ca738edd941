#include "ops/axis_order.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace lungrt::ops {
namespace {

constexpr std::array<std::size_t, 3> kUnchanged{0, 1, 2};

/// Cosines that differ by less are equal: files keep them with about seven digits.
constexpr double kTolerance = 1e-4;

/// Image axes (columns, rows, slices) arranged along the patient's axes (left, posterior, head).
struct Arrangement {
  std::array<std::size_t, 3> axis;  ///< image axis along each of the patient's axes
  std::array<bool, 3> flipped;
  Matrix3 direction;  ///< of the arranged axes
};

double trace(const Matrix3& m) { return m[0][0] + m[1][1] + m[2][2]; }

/// Whether `a` is closer to the patient's axes than `b`. The set of all arrangements of a volume is
/// the same in whatever order it is stored, so comparing all entries of the direction decides a tie
/// in the same way for all of them.
bool is_closer(const Arrangement& a, const Arrangement& b) {
  const double closer = trace(a.direction) - trace(b.direction);
  if (std::abs(closer) > kTolerance) return closer > 0;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      const double larger = a.direction[row][column] - b.direction[row][column];
      if (std::abs(larger) > kTolerance) return larger > 0;
    }
  }
  return false;
}

Arrangement arranged(const Matrix3& direction, const std::array<std::size_t, 3>& axis,
                     const std::array<bool, 3>& flipped) {
  Arrangement result{axis, flipped, {}};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t p = 0; p < 3; ++p) {
      const double cosine = direction[row][axis[p]];
      result.direction[row][p] = (flipped[p] ? -cosine : cosine) + 0.0;  // no negative zero
    }
  }
  return result;
}

/// Of the 48 arrangements, the one closest to the patient's axes.
Arrangement closest_to_patient(const Matrix3& direction) {
  std::array<std::size_t, 3> axis = kUnchanged;
  Arrangement best = arranged(direction, axis, {});
  do {
    for (unsigned flips = 0; flips < 8; ++flips) {
      const Arrangement other =
          arranged(direction, axis, {(flips & 1U) != 0, (flips & 2U) != 0, (flips & 4U) != 0});
      if (is_closer(other, best)) best = other;
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
  return best;
}

std::array<std::int64_t, 3> array_of(const VoxelIndex& i) { return {i.slice, i.row, i.column}; }
std::array<std::int64_t, 3> array_of(const VolumeShape& s) { return {s.slices, s.rows, s.columns}; }

/// Calls `visit` with the voxel of every bit that is set.
template <typename Visit>
void for_each_set(const NoduleMask& mask, const Visit& visit) {
  const VolumeShape& shape = mask.shape();
  for (std::int64_t slice = 0; slice < shape.slices; ++slice) {
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      const std::uint64_t* words = mask.row(slice, row);
      for (std::int64_t word = 0; word < mask.words_per_row(); ++word) {
        for (std::uint64_t rest = words[word]; rest != 0; rest &= rest - 1) {
          visit(VoxelIndex{slice, row, 64 * word + std::countr_zero(rest)});
        }
      }
    }
  }
}

void set(NoduleMask& mask, const VoxelIndex& voxel) {
  mask.row(voxel.slice, voxel.row)[voxel.column / 64] |= std::uint64_t{1} << (voxel.column % 64);
}

}  // namespace

AxisOrder::AxisOrder(const VolumeShape& stored) : AxisOrder(stored, kUnchanged, {}) {}

AxisOrder::AxisOrder(const VolumeShape& stored, const std::array<std::size_t, 3>& axis,
                     const std::array<bool, 3>& flipped)
    : stored_(stored), shape_{}, axis_(axis), flipped_(flipped), steps_{}, start_(0) {
  const std::array<std::int64_t, 3> sizes = array_of(stored);
  const std::array<std::int64_t, 3> steps{stored.slice_voxels(), stored.columns, 1};
  for (std::size_t a = 0; a < 3; ++a) {
    const std::int64_t step = steps[axis_[a]];
    steps_[a] = flipped_[a] ? -step : step;
    if (flipped_[a]) start_ += (sizes[axis_[a]] - 1) * step;
  }
  shape_ = {sizes[axis_[0]], sizes[axis_[1]], sizes[axis_[2]]};
}

AxisOrder AxisOrder::to_patient(const VolumeShape& stored, const Geometry& geometry) {
  // Arrays have their axes in the order (slice, row, column), geometries in (x, y, z).
  const Arrangement best = closest_to_patient(geometry.direction());
  std::array<std::size_t, 3> axis{};
  std::array<bool, 3> flipped{};
  for (std::size_t a = 0; a < 3; ++a) {
    axis[a] = 2 - best.axis[2 - a];
    flipped[a] = best.flipped[2 - a];
  }
  return {stored, axis, flipped};
}

bool AxisOrder::is_stored() const {
  return axis_ == kUnchanged && std::none_of(flipped_.begin(), flipped_.end(), std::identity());
}

Geometry AxisOrder::geometry(const Geometry& stored) const {
  if (is_stored()) return stored;
  Vec3 spacing{};
  std::array<std::size_t, 3> axis{};
  std::array<bool, 3> flipped{};
  for (std::size_t p = 0; p < 3; ++p) {
    axis[p] = 2 - axis_[2 - p];
    flipped[p] = flipped_[2 - p];
    spacing[p] = stored.spacing_mm()[axis[p]];
  }
  return {stored.to_world(to_stored(VoxelIndex{})), spacing,
          arranged(stored.direction(), axis, flipped).direction};
}

VoxelIndex AxisOrder::from_stored(const VoxelIndex& index) const {
  const std::array<std::int64_t, 3> from = array_of(index), sizes = array_of(shape_);
  const auto along = [&](std::size_t a) {
    return flipped_[a] ? sizes[a] - 1 - from[axis_[a]] : from[axis_[a]];
  };
  return {along(0), along(1), along(2)};
}

VoxelIndex AxisOrder::to_stored(const VoxelIndex& index) const {
  const std::array<std::int64_t, 3> from = array_of(index), sizes = array_of(shape_);
  std::array<std::int64_t, 3> to{};
  for (std::size_t a = 0; a < 3; ++a) {
    to[axis_[a]] = flipped_[a] ? sizes[a] - 1 - from[a] : from[a];
  }
  return {to[0], to[1], to[2]};
}

VoxelBox AxisOrder::to_stored(const VoxelBox& box) const {
  const VoxelIndex a = to_stored(box.first), b = to_stored(box.last);
  return {{std::min(a.slice, b.slice), std::min(a.row, b.row), std::min(a.column, b.column)},
          {std::max(a.slice, b.slice), std::max(a.row, b.row), std::max(a.column, b.column)}};
}

NoduleMask AxisOrder::from_stored(const NoduleMask& mask) const {
  NoduleMask result(shape_);
  for_each_set(mask, [&](const VoxelIndex& voxel) { set(result, from_stored(voxel)); });
  return result;
}

NoduleMask AxisOrder::to_stored(const NoduleMask& mask) const {
  NoduleMask result(stored_);
  for_each_set(mask, [&](const VoxelIndex& voxel) { set(result, to_stored(voxel)); });
  return result;
}

std::int64_t AxisOrder::stored_offset(const VoxelIndex& index) const {
  return start_ + index.slice * steps_[0] + index.row * steps_[1] + index.column * steps_[2];
}

void AxisOrder::copy_slices(const std::int16_t* stored, std::int64_t first, std::int64_t last,
                            std::int16_t* slices) const {
  // Blocks of this size in every direction: each line of the cache that is read or written is used
  // up before it is replaced, whichever axis is the fastest one in the stored volume.
  constexpr std::int64_t kBlock = 32;
  const std::int64_t step = steps_[2];
  const std::int64_t row_block = std::abs(step) == 1 ? shape_.columns : kBlock;
  for (std::int64_t slab = first; slab < last; slab += kBlock) {
    for (std::int64_t rows = 0; rows < shape_.rows; rows += kBlock) {
      for (std::int64_t columns = 0; columns < shape_.columns; columns += row_block) {
        for (std::int64_t s = slab; s < std::min(slab + kBlock, last); ++s) {
          for (std::int64_t r = rows; r < std::min(rows + kBlock, shape_.rows); ++r) {
            const std::int16_t* from = stored + stored_offset({s, r, columns});
            std::int16_t* to = slices + (s - first) * shape_.slice_voxels() + r * shape_.columns;
            const std::int64_t end = std::min(columns + row_block, shape_.columns);
            if (step == 1) {
              std::copy(from, from + (end - columns), to + columns);
            } else if (step == -1) {
              std::reverse_copy(from - (end - columns) + 1, from + 1, to + columns);
            } else {
              for (std::int64_t c = columns; c < end; ++c, from += step) to[c] = *from;
            }
          }
        }
      }
    }
  }
}

std::string axes_in_words(const Geometry& geometry) {
  static constexpr std::array<std::array<const char*, 2>, 3> kTowards{
      {{"left", "right"}, {"back", "front"}, {"head", "feet"}}};
  const Arrangement best = closest_to_patient(geometry.direction());
  std::array<std::string, 3> of_image;
  for (std::size_t p = 0; p < 3; ++p) {
    of_image[best.axis[p]] = kTowards[p][best.flipped[p] ? 1 : 0];
  }
  return "columns to the " + of_image[0] + ", rows to the " + of_image[1] + ", slices to the " +
         of_image[2];
}

std::string plane_in_words(const Geometry& geometry) {
  const Arrangement best = closest_to_patient(geometry.direction());
  if (best.axis[0] == 2) return "sagittal";
  return best.axis[1] == 2 ? "coronal" : "axial";
}

}  // namespace lungrt::ops
