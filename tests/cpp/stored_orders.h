/// The 48 orders in which the axes of one volume can be stored, made voxel by voxel.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lungrt/volume.h"

namespace lungrt::testing {

/// A volume that is stored with other axes: stored axis k (slice, row, column) is axis `axis[k]` of
/// the original, backwards where `backwards[k]` is set.
class StoredOrder {
 public:
  StoredOrder(const CtVolume& original, const std::array<std::size_t, 3>& axis,
              const std::array<bool, 3>& backwards)
      : original_(original.shape()), axis_(axis), backwards_(backwards) {
    const std::array<std::int64_t, 3> sizes{original_.slices, original_.rows, original_.columns};
    shape_ = {sizes[axis[0]], sizes[axis[1]], sizes[axis[2]]};
    hu_ = stored<std::int16_t>(original.data());
    Vec3 spacing{};
    Matrix3 direction{};
    for (std::size_t k = 0; k < 3; ++k) {  // geometries count axes from the columns
      spacing[2 - k] = original.geometry().spacing_mm()[2 - axis[k]];
      for (std::size_t world = 0; world < 3; ++world) {
        const double along = original.geometry().direction()[world][2 - axis[k]];
        direction[world][2 - k] = backwards[k] ? -along : along;
      }
    }
    geometry_ =
        Geometry(original.geometry().to_world(original_voxel({0, 0, 0})), spacing, direction);
  }

  std::string name() const {
    std::string text;
    for (std::size_t k = 0; k < 3; ++k) {
      text += (backwards_[k] ? "-" : "+") + std::to_string(axis_[k]);
    }
    return text;
  }
  /// Borrows the voxels.
  CtVolume volume() const { return {hu_.data(), shape_, geometry_, nullptr, "1.2.3"}; }
  const std::vector<std::int16_t>& hu() const { return hu_; }

  VoxelIndex original_voxel(const VoxelIndex& stored) const {
    const std::array<std::int64_t, 3> from{stored.slice, stored.row, stored.column};
    const std::array<std::int64_t, 3> sizes{original_.slices, original_.rows, original_.columns};
    std::array<std::int64_t, 3> to{};
    for (std::size_t k = 0; k < 3; ++k) {
      to[axis_[k]] = backwards_[k] ? sizes[axis_[k]] - 1 - from[k] : from[k];
    }
    return {to[0], to[1], to[2]};
  }

  /// Values of the original, as they are stored in this order.
  template <typename T, typename Values>
  std::vector<T> stored(const Values& original) const {
    std::vector<T> values;
    for (std::int64_t s = 0; s < shape_.slices; ++s) {
      for (std::int64_t r = 0; r < shape_.rows; ++r) {
        for (std::int64_t c = 0; c < shape_.columns; ++c) {
          const VoxelIndex o = original_voxel({s, r, c});
          values.push_back(original[static_cast<std::size_t>(
              (o.slice * original_.rows + o.row) * original_.columns + o.column)]);
        }
      }
    }
    return values;
  }

 private:
  VolumeShape original_, shape_;
  std::array<std::size_t, 3> axis_;
  std::array<bool, 3> backwards_;
  std::vector<std::int16_t> hu_;
  Geometry geometry_;
};

/// All orders of a volume; the first one is its own.
inline std::vector<StoredOrder> all_orders(const CtVolume& original) {
  std::vector<StoredOrder> orders;
  std::array<std::size_t, 3> axis{0, 1, 2};
  do {
    for (unsigned flips = 0; flips < 8; ++flips) {
      orders.emplace_back(
          original, axis,
          std::array<bool, 3>{(flips & 1U) != 0, (flips & 2U) != 0, (flips & 4U) != 0});
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
  return orders;
}

}  // namespace lungrt::testing
