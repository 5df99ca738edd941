/// One slice of a DICOM folder: its header and pixels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dicom/plane.h"
#include "io/files.h"
#include "lungrt/series.h"

namespace lungrt::io {

class Codec;

/// Pixels stored in a file as 16-bit numbers, in the processor's byte order.
struct RawPixels {
  std::uint64_t offset = 0;  ///< of the first pixel in the file
  bool is_signed = false;
  std::int32_t lowest = 0, highest = 0;  ///< range of stored values that the header states
  std::int32_t slope = 1, intercept = 0;
};

/// Tags of one image as text; a tag that the file lacks is empty.
struct DicomSlice {
  std::filesystem::path path;
  FileVersion version;  ///< of the file when its header was read
  std::string image_type;
  std::string modality;
  std::string description;
  std::string series_uid;
  std::string study_uid;
  std::string instance_uid;
  std::string object_class;  ///< SOP class UID
  std::string patient_id;
  std::string frame_of_reference;
  std::string acquisition;        ///< acquisition number
  std::string kernel;             ///< convolution kernel
  std::string temporal_position;  ///< temporal position identifier: the phase
  std::string series_number;
  std::string instance_number;
  std::string character_set;
  std::string position;
  std::string orientation;
  std::string samples;
  std::string greys;
  std::string frames;
  std::string rows;
  std::string columns;
  std::string pixel_spacing;
  std::string bits;
  std::string stored_bits;
  std::string high_bit;
  std::string sign;
  std::uint64_t end = 0;  ///< offset in the file after the pixels
  /// Size of the pixels in bytes; none if they are compressed.
  std::optional<std::uint64_t> pixel_bytes;
  std::string syntax;  ///< transfer syntax UID
  /// Offset in the file of the fragments of compressed pixels; none if they are not compressed.
  std::optional<std::uint64_t> fragments_offset;
  /// Layout of pixels that can be read without a decoder; none if they need one.
  std::optional<RawPixels> raw;
};

/// Reads the header of a file, up to its pixels.
/// \return the slices in the file; none for a file that is not an image
/// \throws Error kIo  for a damaged or truncated slice of a CT
std::vector<DicomSlice> read_slices(const std::filesystem::path& path);

/// Parses the tags that the layout of a series is planned from.
/// \throws Error kBadVolume  for a multi-frame or colour image, or a missing or invalid tag
SliceHeader slice_header(const DicomSlice& slice);

/// Reads and rescales the pixels.
/// \throws Error kIo         if pixels are missing or cannot be decoded, or the file changed after
///                           reading its header
/// \throws Error kBadVolume  for a value beyond int16
Plane read_plane(const DicomSlice& slice, std::int64_t pixels, const Codec& codec);

/// Reads and rescales the pixels into memory of the caller.
/// \param hu  receives `pixels` values, unless the result is not empty
/// \return Plane::fractional
std::vector<double> read_plane(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu,
                               const Codec& codec);

}  // namespace lungrt::io
