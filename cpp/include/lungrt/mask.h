/// Binary masks and labelled components.
#pragma once

#include <cstdint>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// Binary volume with one bit per voxel. Each row starts at a new 64-bit word, column c is bit
/// c % 64 of word c / 64, and the bits past the last column are zero.
class LUNGRT_API NoduleMask {
 public:
  /// An empty mask without voxels.
  NoduleMask() = default;
  /// A mask with no voxel set.
  /// \throws Error kInvalidArgument for an axis of size 0 or beyond 2^31 - 1, or over 4e9 voxels
  explicit NoduleMask(const VolumeShape& shape);
  /// Creates a mask from one byte per voxel (non-zero is set), in array order (slice, row, column).
  /// \throws Error kInvalidArgument for a null pointer or an invalid shape
  static NoduleMask from_bytes(const std::uint8_t* bytes, const VolumeShape& shape);

  const VolumeShape& shape() const { return shape_; }
  std::int64_t words_per_row() const { return words_per_row_; }
  /// The words_per_row() words of a row; the index is not checked.
  std::uint64_t* row(std::int64_t slice, std::int64_t row);
  const std::uint64_t* row(std::int64_t slice, std::int64_t row) const;

  /// Whether a voxel is set.
  /// \throws Error kInvalidArgument for a voxel outside the mask
  bool at(const VoxelIndex& index) const;
  /// Number of voxels that are set.
  std::int64_t count() const;
  /// Writes 0 or 1 for each voxel, in array order.
  /// \param bytes  shape().voxels() bytes
  /// \throws Error kInvalidArgument for a null pointer
  void to_bytes(std::uint8_t* bytes) const;

 private:
  VolumeShape shape_;
  std::int64_t words_per_row_ = 0;
  std::vector<std::uint64_t> words_;
};

/// Labelled connected components, numbered as SciPy's `label` does.
struct LabelVolume {
  VolumeShape shape;
  std::int32_t count = 0;            ///< number of components; labels are 1..count, 0 is background
  std::vector<std::int32_t> labels;  ///< shape.voxels() values in array order
};

/// The mask eroded once with the 6-neighbour cross; voxels outside count as background.
LUNGRT_API NoduleMask erode(const NoduleMask& mask);
/// Labels the 6-connected components of a mask, numbered in array order of their first voxel.
LUNGRT_API LabelVolume label(const NoduleMask& mask);

}  // namespace lungrt
