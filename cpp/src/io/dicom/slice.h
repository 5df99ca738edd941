/// One slice of a DICOM folder: its header and pixels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/dicom/elements.h"
#include "io/dicom/plane.h"
#include "io/dicom/transfer_syntax.h"
#include "io/files.h"
#include "lungrt/series.h"

namespace lungrt::io {

class Codec;

/// How and where the pixels of one image are stored.
struct StoredPixels {
  TransferSyntax syntax;
  int bits_allocated = 0, bits_stored = 0;
  bool is_signed = false;
  bool big_endian = false;
  bool has_overlays = false;    ///< in the bits that are not stored
  std::vector<Extent> extents;  ///< bytes in the file that make up the image, in order
  bool delimited = true;        ///< see Fragments
  std::optional<std::uint32_t> padding, padding_limit;  ///< stored bits of pixels without a value
  std::optional<std::uint64_t> deflated_at;             ///< see DicomTags; of a file with one frame
  std::shared_ptr<const std::string> inflated;          ///< of a deflated file with several frames
  std::uint64_t surplus = 0;  ///< number of bytes after the pixels of the file
  /// Whether a pixel is a 16-bit number in the processor's byte order.
  bool is_plain = false;
};

/// Linear map from stored values to Hounsfield units.
struct Rescale {
  double slope = 1, intercept = 0;
};

/// Why a file cannot be read; no reason if it can.
struct Defect {
  std::string reason;
  bool truncated = false;  ///< whether it is damaged, so that another copy may be whole
};

/// One image as text; a tag that the file lacks is empty. Texts are valid UTF-8 and can be printed.
struct DicomSlice {
  std::filesystem::path path;
  FileVersion version;  ///< of the file when its header was read
  int frame = 0;        ///< number of the frame in a multi-frame file, from 1; 0 for a single image
  std::string image_type;
  std::string modality;
  std::string description;
  std::string series_uid;
  std::string study_uid;
  std::string instance_uid;  ///< for a frame, followed by "#" and its number
  std::string object_class;  ///< SOP class UID
  std::string patient_id;
  std::string frame_of_reference;
  std::string acquisition;        ///< acquisition number
  std::string kernel;             ///< convolution kernel
  std::string temporal_position;  ///< temporal position identifier: the phase
  std::string stack;              ///< stack of the frame
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
  std::string slope;
  std::string intercept;
  std::string rescale_type;
  std::string calculation;  ///< volume-based calculation technique
  std::string lossy;        ///< lossy image compression
  bool has_modality_table = false;
  StoredPixels pixels;
  Defect defect;  ///< of the pixels, which is reported if the slice is used
};

/// Reads the header of a file, up to its pixels.
/// \return the images in the file; none for a file that is not an image
/// \throws Error kIo  for a slice of a CT that is damaged or cannot be read
std::vector<DicomSlice> read_slices(const std::filesystem::path& path);

/// Name of a slice in messages: its file name and, of a multi-frame file, the number of the frame.
std::string name_of(const DicomSlice& slice);

/// As name_of(), with the whole path.
std::string place_of(const DicomSlice& slice);

/// Reports a file that cannot be read.
/// \throws Error kIo
[[noreturn]] void refuse_defect(const std::filesystem::path& path, const Defect& defect);

/// Reports an image whose pixels cannot be read, whatever decodes them.
/// \throws Error kIo
void require_readable(const DicomSlice& slice);

/// Parses the tags that the layout of a series is planned from.
/// \throws Error kIo         see require_readable
/// \throws Error kBadVolume  for a colour image, frames without positions, values that are no
///                           Hounsfield units, or a missing or invalid tag
SliceHeader slice_header(const DicomSlice& slice);

/// Parses the rescale tags; a slope of 0 counts as 1.
/// \throws Error kBadVolume  if one is not a number
Rescale rescale_of(const DicomSlice& slice);

/// What has to be said about the slices that a volume was made of, each once.
/// \param planes  what read_plane() returned for them; the pixels are not used
std::vector<std::string> slice_notes(const std::vector<const DicomSlice*>& slices,
                                     const std::vector<Plane>& planes);

/// Reads and rescales the pixels.
/// \throws Error kIo         if pixels are missing or cannot be decoded, or the file changed after
///                           reading its header
/// \throws Error kBadVolume  for a value beyond int16 or beyond the stored bits
Plane read_plane(const DicomSlice& slice, std::int64_t pixels, const Codec& codec);

/// Reads and rescales the pixels into memory of the caller.
/// \param hu  receives `pixels` values, unless the result has fractional ones
/// \return a plane without `hu`
Plane read_plane(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu,
                 const Codec& codec);

}  // namespace lungrt::io
