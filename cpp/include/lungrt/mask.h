/// One bit a voxel.
#pragma once

#include <cstdint>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// Binary volume: each row of columns starts at a new 64-bit word, column c is bit c % 64 of word
/// c / 64, and the bits past the last column are zero.
class LUNGRT_API NoduleMask {
 public:
  NoduleMask() = default;
  /// All zero.
  /// \throws Error kInvalidArgument  for an axis of size 0 or beyond 2^31 - 1, or over 4e9 voxels
  explicit NoduleMask(const VolumeShape& shape);
  /// From one byte a voxel (non-zero is set), array order (slice, row, column).
  /// \throws Error kInvalidArgument  for a null pointer, and where the constructor does
  static NoduleMask from_bytes(const std::uint8_t* bytes, const VolumeShape& shape);

  const VolumeShape& shape() const { return shape_; }
  std::int64_t words_per_row() const { return words_per_row_; }
  /// Words of a row, words_per_row() of them; the place is not checked.
  std::uint64_t* row(std::int64_t slice, std::int64_t row);
  const std::uint64_t* row(std::int64_t slice, std::int64_t row) const;

  /// \throws Error kInvalidArgument  for a voxel outside
  bool at(const VoxelIndex& index) const;
  /// Number of voxels that are set.
  std::int64_t count() const;
  /// Writes 0 or 1 for each voxel, array order.
  /// \throws Error kInvalidArgument  for a null pointer
  void to_bytes(std::uint8_t* bytes) const;

 private:
  VolumeShape shape_;
  std::int64_t words_per_row_ = 0;
  std::vector<std::uint64_t> words_;
};

/// Labelled components in array order, as SciPy's `label` numbers them.
struct LabelVolume {
  VolumeShape shape;
  std::int32_t count = 0;            ///< labels are 1..count, 0 is background
  std::vector<std::int32_t> labels;  ///< shape.voxels() values
};

/// The mask eroded once with the 6-neighbour cross; outside counts as background.
LUNGRT_API NoduleMask erode(const NoduleMask& mask);
/// 6-connected components of a mask, numbered in scan order of their first voxel.
LUNGRT_API LabelVolume label(const NoduleMask& mask);

}  // namespace lungrt
