/// Tags of a DICOM file up to its pixels. All lengths are checked against the size of the file.
///
/// Every file is checked here before a library decodes its pixels, because GDCM, as distributions
/// build it, aborts the process by an assertion on a damaged file. It is also what makes reading
/// fast.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "io/dicom/elements.h"
#include "io/dicom/transfer_syntax.h"
#include "io/files.h"

namespace lungrt::io {

/// Values of tags, as they are in the file.
using TagValues = std::map<TagNumber, std::string>;

/// Location of a file's pixels.
struct PixelElement {
  Extent value;                   ///< the value; of no size if it is compressed
  bool encapsulated = false;      ///< whether the pixels are in fragments, as compressed pixels are
  std::vector<Extent> fragments;  ///< without the offset table
  std::vector<std::uint32_t> offsets;  ///< of the frames, from the offset table; may be empty
  bool delimited = true;               ///< see Fragments
};

/// Functional groups of a multi-frame image: values of tags that hold for all frames or for one.
struct FunctionalGroups {
  TagValues shared;
  std::vector<TagValues> frames;
};

/// Tags of a file.
struct DicomTags {
  FileVersion version;
  std::string syntax_uid;  ///< transfer syntax UID
  TransferSyntax syntax;
  Encoding encoding;    ///< of the data set as it is, which may differ from what the syntax says
  std::string storage;  ///< media storage SOP class UID; empty if it is unknown
  TagValues values;     ///< of groups 0008, 0010, 0018, 0020 and 0028
  FunctionalGroups groups;
  bool has_overlays = false;  ///< in unused bits of the pixels
  std::optional<PixelElement> pixels;
  /// Offset of a deflated data set. Offsets of pixels are those in the inflated one.
  std::optional<std::uint64_t> deflated_at;
  std::shared_ptr<const std::string> inflated;  ///< the inflated data set
};

/// DICOM file that cannot be read; the message says what is wrong with it.
class UnreadableDicom : public std::runtime_error {
 public:
  UnreadableDicom(const std::string& reason, std::string kind, bool truncated)
      : std::runtime_error(reason), storage(std::move(kind)), is_truncated(truncated) {}
  std::string storage;  ///< see DicomTags
  bool is_truncated;    ///< whether it is damaged, so that another copy may be whole
};

/// Most frames of a file.
inline constexpr std::size_t kMostFrames = 1 << 16;

/// Most bytes of a data set that is inflated.
inline constexpr std::size_t kLargestObject = std::size_t{1} << 30;

/// Reads the tags of a file.
/// \return nothing for a file that is not DICOM
/// \throws UnreadableDicom  if the file is truncated or its structure is invalid
/// \throws Error kIo        if the file cannot be read
std::optional<DicomTags> read_tags(const std::filesystem::path& path);

}  // namespace lungrt::io
