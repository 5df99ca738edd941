/// CT volumes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/geometry.h"

namespace lungrt {

/// DICOM slice that a volume was made of, as it was when it was read.
struct SliceSource {
  std::string path;              ///< file that holds it
  std::string instance_uid;      ///< SOP instance UID (0008,0018); may be empty
  int frame = 0;                 ///< frame in a multi-frame file, from 1; 0 for a file of one slice
  std::uint64_t bytes = 0;       ///< size of the file
  std::int64_t modified_ns = 0;  ///< time of the file's last modification, in ns since 1970

  friend bool operator==(const SliceSource& a, const SliceSource& b) {
    return a.path == b.path && a.instance_uid == b.instance_uid && a.frame == b.frame &&
           a.bytes == b.bytes && a.modified_ns == b.modified_ns;
  }
};

/// Immutable CT volume: contiguous int16 Hounsfield units and their geometry. The axes are slice,
/// row and column, from slowest to fastest. Copies share the voxels.
class LUNGRT_API CtVolume {
 public:
  /// Creates a volume of int16 voxels without copying them.
  /// \param hu        shape.voxels() values that live as long as `owner`
  /// \param shape     slices, rows, columns
  /// \param geometry  where the voxels lie in the patient
  /// \param owner     keeps `hu` alive; may be empty if the caller guarantees that
  /// \param series_uid  DICOM series instance UID, for the report; may be empty
  /// \throws Error kBadVolume for an axis of size 0 or beyond 2^31 - 1, more than 4e9 voxels, or a
  ///         null pointer
  CtVolume(const std::int16_t* hu, const VolumeShape& shape, const Geometry& geometry,
           std::shared_ptr<const void> owner, std::string series_uid = "");

  /// Creates a volume by converting voxels of another type. Finite values within int16 become
  /// int16; fractions are rounded half to even, and a note says how many voxels were.
  /// \tparam T  int8_t, uint8_t, uint16_t, int32_t, uint32_t, int64_t, float or double
  /// \throws Error kBadVolume for NaN, infinity or a value beyond int16, naming the first voxel and
  ///         the number of others; and for whatever the constructor refuses
  template <typename T>
  static CtVolume converted(const T* values, const VolumeShape& shape, const Geometry& geometry,
                            std::string series_uid = "");

  const VolumeShape& shape() const { return shape_; }
  const Geometry& geometry() const { return geometry_; }
  /// DICOM series instance UID; may be empty.
  const std::string& series_uid() const { return series_uid_; }
  /// How the voxels were changed when they were read (rounding, resampling), and what was assumed
  /// about them (a spacing that the file does not state), for the report.
  const std::vector<std::string>& notes() const { return notes_; }
  /// The same volume with other notes; the voxels are shared.
  CtVolume with_notes(std::vector<std::string> notes) const;

  /// The DICOM slices that the volume was made of, in the order of its slices; empty for a volume
  /// from an image file or from memory. There is one for each slice, unless is_interpolated().
  const std::vector<SliceSource>& sources() const { return *sources_; }
  /// Whether voxels were interpolated between those of sources(), so that its slices are not theirs
  /// (ReadOptions::resample).
  bool is_interpolated() const { return is_interpolated_; }
  /// The same volume with sources; the voxels are shared.
  /// \throws Error kInvalidArgument  if neither `interpolated` nor one source for each slice
  CtVolume with_sources(std::vector<SliceSource> sources, bool interpolated) const;

  /// The shape().voxels() values; they live as long as any copy of the volume.
  const std::int16_t* data() const { return hu_; }
  /// The shape().slice_voxels() values of a slice, row by row; the index is not checked.
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
  std::shared_ptr<const std::vector<SliceSource>> sources_;  ///< never null
  bool is_interpolated_ = false;
};

}  // namespace lungrt
