/// One file of a DICOM folder: what its header says, and its pixels.
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

/// Pixels that lie in a file as 16-bit numbers, in the processor's order.
struct RawPixels {
  std::uint64_t offset = 0;  ///< in the file
  bool is_signed = false;
  std::int32_t lowest = 0, highest = 0;  ///< what the header says is stored
  std::int32_t slope = 1, intercept = 0;
};

/// Tags of one image as text; empty where the file lacks one.
struct DicomSlice {
  std::filesystem::path path;
  FileVersion version;  ///< whose header was read
  std::string image_type;
  std::string modality;
  std::string description;
  std::string series_uid;
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
  std::uint64_t end = 0;  ///< of the pixels, in the file
  /// Bytes of pixels, where they are not compressed.
  std::optional<std::uint64_t> pixel_bytes;
  std::string syntax;  ///< transfer syntax UID
  /// Where the fragments of compressed pixels begin, in the file.
  std::optional<std::uint64_t> fragments_offset;
  /// Where the pixels can be read without a decoder.
  std::optional<RawPixels> raw;
};

/// Reads a file's header once, up to its pixels.
/// \return nothing for a file that is no image
/// \throws Error kIo  for a slice of a CT that is damaged or truncated
std::optional<DicomSlice> read_slice(const std::filesystem::path& path, const Codec& codec);

/// What the series' layout is planned with.
/// \throws Error kBadVolume  for a multi-frame or colour image, or a tag that is missing or not
/// what
///                           it should be
SliceHeader slice_header(const DicomSlice& slice);

/// Reads the pixels and rescales them.
/// \throws Error kIo         for pixels that are not all there or cannot be decoded, and for a file
///                           that was changed since its header was read
/// \throws Error kBadVolume  for a value beyond int16
Plane read_plane(const DicomSlice& slice, std::int64_t pixels, const Codec& codec);

/// The same into memory of the caller's.
/// \param hu  `pixels` values, left as they are where the result is not empty
/// \return Plane::fractional
std::vector<double> read_plane(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu,
                               const Codec& codec);

}  // namespace lungrt::io
