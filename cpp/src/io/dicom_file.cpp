#include "io/dicom_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "io/files.h"

namespace lungrt::io {
namespace {

constexpr std::size_t kMetaBytes = 4096;  // the group is at the start and has a few hundred bytes
constexpr std::size_t kPreamble = 128;
constexpr std::uint16_t kStorageClass = 0x0002;  // MediaStorageSOPClassUID, of the meta group
constexpr std::string_view kCtImageStorage =
    "1.2.840.10008.5.1.4.1.1.2";  // Enhanced and Legacy Converted add .1 and .2

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

/// Text of an element of the file meta group (0002), which is explicit little endian in any file.
std::optional<std::string> file_meta(std::string_view content, std::uint16_t wanted) {
  std::size_t at = kPreamble + 4;
  while (at + 12 <= content.size() && little_endian(content.substr(at, 2)) == 2) {
    const std::uint32_t element = little_endian(content.substr(at + 2, 2));
    const std::string_view representation = content.substr(at + 4, 2);
    std::size_t length = little_endian(content.substr(at + 6, 2));
    at += 8;
    if (representation == "OB" || representation == "UN") {
      length = little_endian(content.substr(at, 4));
      at += 4;
    } else if (element == wanted && at + length <= content.size()) {
      return std::string(content.substr(at, length));
    }
    at += length;
  }
  return std::nullopt;
}

bool has_dicom_suffix(const std::filesystem::path& path) {
  std::string suffix = path.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  constexpr std::array<const char*, 3> kSuffixes{".dcm", ".dicom", ".ima"};
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

}  // namespace

bool may_be_ct(const std::filesystem::path& path) {
  const std::string start = read_start(path, kMetaBytes);
  if (start.size() < kPreamble + 4 || start.compare(kPreamble, 4, "DICM") != 0) {
    return has_dicom_suffix(path);
  }
  const std::optional<std::string> storage = file_meta(start, kStorageClass);
  return !storage || storage->compare(0, kCtImageStorage.size(), kCtImageStorage) == 0;
}

}  // namespace lungrt::io
