#include "ops/lung_field/patient_axes.h"

#include <algorithm>
#include <cmath>

namespace lungrt::ops {

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

}  // namespace lungrt::ops
