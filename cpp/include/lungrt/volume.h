/// A CT volume: Hounsfield units with their place in the patient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// Immutable CT volume: int16 Hounsfield units, contiguous, slowest to fastest axis slice, row,
/// column. Copies share the voxels.
class LUNGRT_API CtVolume {
 public:
  /// Takes int16 voxels without copying them.
  /// \param hu     shape.voxels() values, alive as long as `owner` is
  /// \param owner  keeps `hu` alive; may be empty when the caller guarantees that
  /// \throws Error kBadVolume  for an axis of size 0 or beyond 2^31 - 1, more than 4e9 voxels, or a
  ///                           null pointer
  CtVolume(const std::int16_t* hu, const VolumeShape& shape, const Geometry& geometry,
           std::shared_ptr<const void> owner, std::string series_uid = "");

  /// Converts other voxel types: finite values within int16 become int16, rounded half to even
  /// where they are not whole, and a note says how many were.
  /// \tparam T  int8_t, uint8_t, uint16_t, int32_t, uint32_t, int64_t, float or double
  /// \throws Error kBadVolume  for NaN, infinity or a value beyond int16, naming the first such
  ///                           voxel; and where the constructor does
  template <typename T>
  static CtVolume converted(const T* values, const VolumeShape& shape, const Geometry& geometry,
                            std::string series_uid = "");

  const VolumeShape& shape() const { return shape_; }
  const Geometry& geometry() const { return geometry_; }
  /// DICOM series instance UID, or empty.
  const std::string& series_uid() const { return series_uid_; }
  /// What was done to the voxels before they came here (rounding, resampling), for the report.
  const std::vector<std::string>& notes() const { return notes_; }
  /// The same volume with these notes instead; voxels are shared.
  CtVolume with_notes(std::vector<std::string> notes) const;

  /// shape().voxels() values; they live as long as any copy of the volume does.
  const std::int16_t* data() const { return hu_; }
  /// shape().slice_voxels() values, rows of columns; the place is not checked.
  const std::int16_t* slice(std::int64_t index) const {
    return hu_ + index * shape_.slice_voxels();
  }

 private:
  const std::int16_t* hu_;
  VolumeShape shape_;
  Geometry geometry_;
  std::shared_ptr<const void> owner_;
  std::string series_uid_;
  std::vector<std::string> notes_;
};

}  // namespace lungrt
