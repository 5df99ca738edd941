/// Order of a volume's axes: the one in which it is stored, and the one in which the networks see a
/// patient. Between the two are a permutation and flips of the axes, and never a new sampling.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "lungrt/geometry.h"
#include "lungrt/mask.h"

namespace lungrt::ops {

/// A permutation and flips of the axes of a stored volume.
class AxisOrder {
 public:
  /// The stored order itself.
  explicit AxisOrder(const VolumeShape& stored);
  /// The order closest to the patient's: columns to the left, rows to posterior, slices to the
  /// head. Of two orders that are equally close (a volume turned by 45 degrees), the same one is
  /// chosen in whatever order the volume is stored.
  static AxisOrder to_patient(const VolumeShape& stored, const Geometry& geometry);

  /// Whether this is the stored order, so that nothing has to be moved.
  bool is_stored() const;
  const VolumeShape& stored_shape() const { return stored_; }
  const VolumeShape& shape() const { return shape_; }
  /// Geometry of the reordered volume: every voxel keeps its place in the patient.
  Geometry geometry(const Geometry& stored) const;

  VoxelIndex from_stored(const VoxelIndex& index) const;
  VoxelIndex to_stored(const VoxelIndex& index) const;
  VoxelBox to_stored(const VoxelBox& box) const;
  /// \pre the mask has the stored shape
  NoduleMask from_stored(const NoduleMask& mask) const;
  /// \pre the mask has this order's shape
  NoduleMask to_stored(const NoduleMask& mask) const;

  /// Position in the stored array of a voxel of this order.
  std::int64_t stored_offset(const VoxelIndex& index) const;
  /// Distance in the stored array between two neighbours along a row of this order.
  std::int64_t stored_column_step() const { return steps_[2]; }

  /// Copies some slices of this order, from `first` to `last` - 1, out of a stored volume.
  /// \param stored  voxels of the stored volume
  /// \param slices  receives (last - first) * shape().slice_voxels() values
  void copy_slices(const std::int16_t* stored, std::int64_t first, std::int64_t last,
                   std::int16_t* slices) const;

 private:
  /// \param axis     stored axis that becomes each axis (slice, row, column)
  /// \param flipped  whether it is reversed
  AxisOrder(const VolumeShape& stored, const std::array<std::size_t, 3>& axis,
            const std::array<bool, 3>& flipped);

  VolumeShape stored_, shape_;
  std::array<std::size_t, 3> axis_;
  std::array<bool, 3> flipped_;
  std::array<std::int64_t, 3> steps_;  ///< in the stored array, along each axis of this order
  std::int64_t start_;                 ///< in the stored array, of voxel (0, 0, 0) of this order
};

/// Where the axes of a stored volume run, in words: "columns to the left, rows to the back, slices
/// to the head".
std::string axes_in_words(const Geometry& geometry);

/// The anatomical plane that the stored slices are closest to: axial, coronal or sagittal.
std::string plane_in_words(const Geometry& geometry);

}  // namespace lungrt::ops
