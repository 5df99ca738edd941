/// From an image's axes to the patient's.
#pragma once

#include <array>
#include <cstdint>

#include "lungrt/geometry.h"

namespace lungrt::ops {

/// Which image axis runs along which axis of the patient, to the nearest right angle. Patient order
/// is (superior, posterior, left), so that its "slices" are axial, whatever the image's are.
class PatientAxes {
 public:
  explicit PatientAxes(const Matrix3& direction);

  /// (slices, rows, columns) of the image reordered to (superior, posterior, left).
  template <typename T>
  std::array<T, 3> reordered(const std::array<T, 3>& image) const {
    return {image[image_axis_[0]], image[image_axis_[1]], image[image_axis_[2]]};
  }
  VolumeShape reordered(const VolumeShape& image) const;

  /// Place in the image (slice, row, column) of a place in patient order.
  VoxelIndex to_image(const VoxelIndex& patient, const VolumeShape& image) const;

 private:
  std::array<std::size_t, 3> image_axis_{};  ///< 0: slices, 1: rows, 2: columns
  std::array<bool, 3> flipped_{};
};

}  // namespace lungrt::ops
