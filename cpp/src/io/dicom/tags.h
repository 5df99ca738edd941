/// Tags of a DICOM file up to its pixels. All lengths are checked against the size of the file.
///
/// Every file is checked here before a library decodes its pixels, because GDCM, as distributions
/// build it, aborts the process by an assertion on a damaged file. It is also what makes reading
/// fast.
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

/// Group and element of a tag as one number: 0xGGGGEEEE.
using TagNumber = std::uint32_t;

namespace transfer_syntax {
inline constexpr const char* kImplicitLittleEndian = "1.2.840.10008.1.2";
inline constexpr const char* kExplicitLittleEndian = "1.2.840.10008.1.2.1";
inline constexpr const char* kDeflated = "1.2.840.10008.1.2.1.99";
inline constexpr const char* kExplicitBigEndian = "1.2.840.10008.1.2.2";
inline constexpr const char* kRunLengths = "1.2.840.10008.1.2.5";
/// Prefixes of JPEG (5x, 6x, 70) and JPEG-LS (80, 81); JPEG 2000 and others have 9x and above.
inline constexpr std::array<const char*, 4> kJpegs{"1.2.840.10008.1.2.4.5", "1.2.840.10008.1.2.4.6",
                                                   "1.2.840.10008.1.2.4.7",
                                                   "1.2.840.10008.1.2.4.8"};
}  // namespace transfer_syntax

/// Location of a file's pixels.
struct PixelElement {
  std::uint64_t offset = 0;   ///< of the value
  std::uint64_t bytes = 0;    ///< size of the value; 0 if it is compressed
  bool encapsulated = false;  ///< whether the pixels are in fragments, as compressed pixels are
  std::uint64_t end = 0;      ///< offset after the element; end of the file if that is deflated
};

/// Tags of a file.
struct DicomTags {
  FileVersion version;
  std::string syntax;                       ///< transfer syntax UID
  std::string storage;                      ///< media storage SOP class UID; empty if it is unknown
  std::map<TagNumber, std::string> values;  ///< of groups 0008, 0010, 0018, 0020 and 0028, as in the file
  bool has_overlays = false;
  std::optional<PixelElement> pixels;
};

/// Damaged DICOM file; the message says what is wrong with it.
class DamagedDicom : public std::runtime_error {
 public:
  DamagedDicom(const std::string& reason, std::string kind)
      : std::runtime_error(reason), storage(std::move(kind)) {}
  std::string storage;  ///< see DicomTags
};

/// Reads the tags of a file.
/// \return nothing for a file that is not DICOM
/// \throws DamagedDicom  if the file is truncated or its structure is invalid
/// \throws Error kIo     if the file cannot be read
std::optional<DicomTags> read_tags(const std::filesystem::path& path);

}  // namespace lungrt::io
