#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "io/dicom/slice.h"
#include "io/dicom/tags.h"
#include "io/numbers.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr TagNumber kModalityTable = 0x00283000;
constexpr std::string_view kCtImageStorage =
    "1.2.840.10008.5.1.4.1.1.2";  // Enhanced and Legacy Converted CT append .1 and .2

bool has_dicom_suffix(const std::filesystem::path& path) {
  std::string suffix = path.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  constexpr std::array<const char*, 3> kSuffixes{".dcm", ".dicom", ".ima"};
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

[[noreturn]] void refuse_damaged(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorCode::kIo, path.string() + ": damaged or truncated DICOM file (" + reason +
                                  "); copy it again or move it out of the folder");
}

/// Handles a file that is not a readable image: an error if it may be a slice of a CT. Others are
/// ignored, because folders also hold notes, structure sets, reports and DICOMDIR files.
std::vector<DicomSlice> no_image(const std::filesystem::path& path, const std::string& storage,
                                 const std::string& reason) {
  if (storage.empty() || storage.compare(0, kCtImageStorage.size(), kCtImageStorage) == 0) {
    refuse_damaged(path, reason);
  }
  return {};
}

/// Unsigned 16-bit numbers as text.
std::string counts(const std::string& bytes, bool big_endian) {
  std::string result;
  for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    const auto low = static_cast<unsigned char>(bytes[big_endian ? at + 1 : at]);
    const auto high = static_cast<unsigned char>(bytes[big_endian ? at : at + 1]);
    result += (at == 0 ? "" : "\\") + std::to_string(high << 8U | low);
  }
  return result;
}

/// Integer that a text represents; -1 if it does not.
int whole(const std::string& text) {
  int value = -1;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size() ? value : -1;
}

/// Integer in a rescale tag; `otherwise` if the tag is missing, nothing if it is not an integer.
std::optional<std::int32_t> whole_rescale(const DicomTags& tags, TagNumber tag, int otherwise) {
  constexpr double kMost = 1 << 14;  // products with 16-bit pixels fit 32 bits
  const auto found = tags.values.find(tag);
  const std::string text = found == tags.values.end() ? "" : clean(found->second);
  if (text.empty()) return otherwise;
  double value = 0;
  if (!parse_number(text, value) || value != std::nearbyint(value) || std::abs(value) > kMost) {
    return std::nullopt;
  }
  return static_cast<std::int32_t>(value);
}

/// Layout of pixels that need only an integer slope and intercept, the common case of a CT; nothing
/// for pixels that need a decoder.
std::optional<RawPixels> raw_pixels(const DicomTags& tags, const DicomSlice& slice) {
  const bool plain = (tags.syntax == transfer_syntax::kExplicitLittleEndian ||
                      tags.syntax == transfer_syntax::kImplicitLittleEndian) &&
                     std::endian::native == std::endian::little && !tags.pixels->encapsulated &&
                     tags.storage == kCtImageStorage && slice.samples == "1" &&
                     slice.greys == "MONOCHROME2" && slice.bits == "16" && !tags.has_overlays &&
                     tags.values.count(kModalityTable) == 0;
  const int stored = whole(slice.stored_bits), sign = whole(slice.sign);
  const auto slope = whole_rescale(tags, 0x00281053, 1);
  const auto intercept = whole_rescale(tags, 0x00281052, 0);
  if (!plain || stored < 1 || stored > 16 || whole(slice.high_bit) != stored - 1 ||
      (sign != 0 && sign != 1) || !slope || *slope == 0 || !intercept) {
    return std::nullopt;
  }
  RawPixels raw;
  raw.offset = tags.pixels->offset;
  raw.is_signed = sign == 1;
  raw.lowest = raw.is_signed ? -(1 << (stored - 1)) : 0;
  raw.highest = (1 << (raw.is_signed ? stored - 1 : stored)) - 1;
  raw.slope = *slope;
  raw.intercept = *intercept;
  return raw;
}

DicomSlice slice_of(const std::filesystem::path& path, const DicomTags& tags) {
  const auto text = [&](TagNumber tag) {
    const auto found = tags.values.find(tag);
    return found == tags.values.end() ? "" : clean(found->second);
  };
  const auto count = [&](TagNumber tag) {
    const auto found = tags.values.find(tag);
    return found == tags.values.end()
               ? ""
               : counts(found->second, tags.syntax == transfer_syntax::kExplicitBigEndian);
  };
  DicomSlice slice;
  slice.path = path;
  slice.version = tags.version;
  slice.image_type = text(0x00080008);
  slice.modality = text(0x00080060);
  slice.description = text(0x0008103E);
  slice.series_uid = text(0x0020000E);
  slice.study_uid = text(0x0020000D);
  slice.instance_uid = text(0x00080018);
  slice.object_class = text(0x00080016);
  slice.patient_id = text(0x00100020);
  slice.frame_of_reference = text(0x00200052);
  slice.acquisition = text(0x00200012);
  slice.kernel = text(0x00181210);
  slice.temporal_position = text(0x00200100);
  slice.series_number = text(0x00200011);
  slice.instance_number = text(0x00200013);
  slice.character_set = text(0x00080005);
  slice.position = text(0x00200032);
  slice.orientation = text(0x00200037);
  slice.samples = count(0x00280002);
  slice.greys = text(0x00280004);
  slice.frames = text(0x00280008);
  slice.rows = count(0x00280010);
  slice.columns = count(0x00280011);
  slice.pixel_spacing = text(0x00280030);
  slice.bits = count(0x00280100);
  slice.stored_bits = count(0x00280101);
  slice.high_bit = count(0x00280102);
  slice.sign = count(0x00280103);
  return slice;
}

/// Whether an image has the properties that decoders rely on.
bool has_sane_pixels(const DicomSlice& slice) {
  const int bits = whole(slice.bits), stored = whole(slice.stored_bits);
  const int high = whole(slice.high_bit), sign = whole(slice.sign);
  const bool known = bits == 8 || bits == 12 || bits == 16 || bits == 32 || bits == 64;
  return whole(slice.rows) > 0 && whole(slice.columns) > 0 && known && stored >= 1 &&
         stored <= bits && high >= stored - 1 && high < bits && (sign == 0 || sign == 1);
}

}  // namespace

std::vector<DicomSlice> read_slices(const std::filesystem::path& path) {
  std::optional<DicomTags> tags;
  try {
    tags = read_tags(path);
  } catch (const DamagedDicom& error) {
    return no_image(path, error.storage, error.what());
  }
  if (!tags) {
    if (has_dicom_suffix(path)) refuse_damaged(path, "it does not begin like a DICOM file");
    return {};
  }
  if (!tags->pixels) return no_image(path, tags->storage, "it has no pixels");
  DicomSlice slice = slice_of(path, *tags);
  if (!has_sane_pixels(slice)) {
    return no_image(path, tags->storage, "its size or pixel format is missing or invalid");
  }
  slice.end = tags->pixels->end;
  slice.syntax = tags->syntax;
  if (tags->pixels->encapsulated) slice.fragments_offset = tags->pixels->offset;
  if (!tags->pixels->encapsulated) {
    const auto pixels = static_cast<std::uint64_t>(whole(slice.rows)) *
                        static_cast<std::uint64_t>(whole(slice.columns));
    slice.pixel_bytes = tags->pixels->bytes;
    if (tags->pixels->bytes >= pixels * sizeof(std::int16_t)) slice.raw = raw_pixels(*tags, slice);
  }
  return {std::move(slice)};
}

}  // namespace lungrt::io
