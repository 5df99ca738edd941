/// The tags of a DICOM file up to its pixels, checked: no length leads out of the file.
///
/// Libraries decode pixels, but none is shown a file before this has walked it: GDCM as
/// distributions build it ends the process by an assertion on a damaged file. Walking is also what
/// makes reading fast.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "io/files.h"

namespace lungrt::io {

class Codec;

/// Group and element of a tag, as one number: 0xGGGGEEEE.
using TagNumber = std::uint32_t;

namespace transfer_syntax {
inline constexpr const char* kImplicitLittleEndian = "1.2.840.10008.1.2";
inline constexpr const char* kExplicitLittleEndian = "1.2.840.10008.1.2.1";
inline constexpr const char* kDeflated = "1.2.840.10008.1.2.1.99";
inline constexpr const char* kExplicitBigEndian = "1.2.840.10008.1.2.2";
inline constexpr const char* kRunLengths = "1.2.840.10008.1.2.5";
/// How those of JPEG (5x, 6x, 70) and JPEG-LS (80, 81) begin; JPEG 2000 and others have 9x and
/// more.
inline constexpr std::array<const char*, 4> kJpegs{"1.2.840.10008.1.2.4.5", "1.2.840.10008.1.2.4.6",
                                                   "1.2.840.10008.1.2.4.7",
                                                   "1.2.840.10008.1.2.4.8"};
}  // namespace transfer_syntax

/// Where a file's pixels are.
struct PixelElement {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;    ///< of a file that is not compressed
  bool encapsulated = false;  ///< in fragments, as compressed pixels are
  std::uint64_t end = 0;      ///< of the element, in the file (all of a deflated one)
};

struct DicomTags {
  FileVersion version;
  std::string syntax;   ///< transfer syntax UID
  std::string storage;  ///< kind of object: media storage SOP class UID; empty where it is unknown
  std::map<TagNumber, std::string> values;  ///< of the tags that were asked for, as in the file
  bool has_overlays = false;
  std::optional<PixelElement> pixels;
};

/// What is wrong with a file, for a message.
class DamagedDicom : public std::runtime_error {
 public:
  DamagedDicom(const std::string& reason, std::string kind)
      : std::runtime_error(reason), storage(std::move(kind)) {}
  std::string storage;  ///< see DicomTags
};

/// \return nothing for a file that is not DICOM
/// \throws DamagedDicom  for one that ends too early, or whose structure is broken
/// \throws Error kIo     for one that cannot be read
std::optional<DicomTags> read_tags(const std::filesystem::path& path, const Codec& codec);

}  // namespace lungrt::io
