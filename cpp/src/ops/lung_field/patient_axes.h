/// Mapping between the axes of an image and of the patient.
#pragma once

#include <array>
#include <cstdint>

#include "lungrt/geometry.h"

namespace lungrt::ops {

/// Assigns image axes to the closest patient axes. Patient order is (superior, posterior, left), so
/// "slices" in patient order are axial, whatever the image's orientation.
class PatientAxes {
 public:
  explicit PatientAxes(const Matrix3& direction);

  /// Reorders (slices, rows, columns) of the image to (superior, posterior, left).
  template <typename T>
  std::array<T, 3> reordered(const std::array<T, 3>& image) const {
    return {image[image_axis_[0]], image[image_axis_[1]], image[image_axis_[2]]};
  }
  VolumeShape reordered(const VolumeShape& image) const;

  /// Index in the image of an index in patient order.
  VoxelIndex to_image(const VoxelIndex& patient, const VolumeShape& image) const;

 private:
  std::array<std::size_t, 3> image_axis_{};  ///< 0: slices, 1: rows, 2: columns
  std::array<bool, 3> flipped_{};
};

}  // namespace lungrt::ops
