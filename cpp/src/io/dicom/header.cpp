#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <string_view>
#include <utility>

#include "io/dicom/character_set.h"
#include "io/dicom/fragments.h"
#include "io/dicom/slice.h"
#include "io/dicom/tags.h"
#include "io/files.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr TagNumber kModalityTable = 0x00283000;
constexpr TagNumber kPadding = 0x00280120, kPaddingLimit = 0x00280121;
constexpr std::string_view kCtImageStorage =
    "1.2.840.10008.5.1.4.1.1.2";  // Enhanced and Legacy Converted CT append .1 and .2

bool has_dicom_suffix(const std::filesystem::path& path) {
  std::string suffix = path.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  constexpr std::array<const char*, 3> kSuffixes{".dcm", ".dicom", ".ima"};
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

/// Handles a file that is not a readable image: an error if it may be a slice of a CT. Others are
/// ignored, because folders also hold notes, structure sets, reports and DICOMDIR files.
std::vector<DicomSlice> no_image(const std::filesystem::path& path, const std::string& storage,
                                 const Defect& defect) {
  if (storage.empty() || storage.compare(0, kCtImageStorage.size(), kCtImageStorage) == 0) {
    refuse_defect(path, defect);
  }
  return {};
}

/// Unsigned numbers of `size` bytes as text.
std::string counts(const std::string& bytes, std::size_t size, bool big_endian) {
  std::string result;
  for (std::size_t at = 0; at + size <= bytes.size(); at += size) {
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < size; ++k) {
      const std::size_t next = at + (big_endian ? k : size - 1 - k);
      value = value << 8U | static_cast<unsigned char>(bytes[next]);
    }
    result += (at == 0 ? "" : "\\") + std::to_string(value);
  }
  return result;
}

/// Integer that a text represents; -1 if it does not.
int whole(const std::string& text) {
  int value = -1;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size() ? value : -1;
}

/// Values of an image's tags: those of its frame, those of all frames, those of the file.
class ImageTags {
 public:
  ImageTags(const DicomTags& tags, const TagValues* frame) : tags_(tags), frame_(frame) {}

  const std::string* find(TagNumber tag) const {
    for (const TagValues* values : {frame_, &tags_.groups.shared, &tags_.values}) {
      if (values == nullptr) continue;
      const auto found = values->find(tag);
      if (found != values->end()) return &found->second;
    }
    return nullptr;
  }
  /// A code, an identifier or a number.
  std::string plain(TagNumber tag) const {
    const std::string* found = find(tag);
    return found == nullptr ? "" : printable(clean(*found));
  }
  /// The first of several tags that is there.
  std::string plain(TagNumber tag, TagNumber otherwise) const {
    const std::string text = plain(tag);
    return text.empty() ? plain(otherwise) : text;
  }
  /// What somebody wrote.
  std::string text(TagNumber tag, const std::string& character_set) const {
    const std::string* found = find(tag);
    return found == nullptr ? "" : printable(decoded_text(*found, character_set));
  }
  std::string count(TagNumber tag) const {
    const std::string* found = find(tag);
    return found == nullptr ? "" : counts(*found, 2, tags_.encoding.big_endian);
  }
  std::optional<std::uint32_t> number(TagNumber tag) const {
    const int value = whole(count(tag));
    return value < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
  }

 private:
  const DicomTags& tags_;
  const TagValues* frame_;
};

/// The part of a frame number that identifies an image.
std::string of_frame(int frame) { return frame == 0 ? "" : "#" + std::to_string(frame); }

DicomSlice slice_of(const std::filesystem::path& path, const DicomTags& file, int frame) {
  const TagValues* own =
      frame == 0 ? nullptr : &file.groups.frames[static_cast<std::size_t>(frame) - 1];
  const ImageTags tags(file, own);
  DicomSlice slice;
  slice.path = path;
  slice.version = file.version;
  slice.frame = frame;
  slice.character_set = tags.plain(0x00080005);
  slice.image_type = tags.plain(0x00089007, 0x00080008);  // of the frame, of the image
  slice.modality = tags.plain(0x00080060);
  slice.description = tags.text(0x0008103E, slice.character_set);
  slice.series_uid = tags.plain(0x0020000E);
  slice.study_uid = tags.plain(0x0020000D);
  slice.instance_uid = tags.plain(0x00080018) + of_frame(frame);
  slice.object_class = tags.plain(0x00080016);
  slice.patient_id = tags.text(0x00100020, slice.character_set);
  slice.frame_of_reference = tags.plain(0x00200052);
  slice.acquisition = tags.plain(0x00200012);
  slice.kernel = tags.text(0x00181210, slice.character_set);
  slice.temporal_position = tags.plain(0x00200100);
  if (frame > 0) {
    if (const auto number = tags.count(0x00209156); !number.empty()) slice.acquisition = number;
    if (const std::string* phase = tags.find(0x00209128)) {
      slice.temporal_position = counts(*phase, 4, file.encoding.big_endian);
    }
    slice.stack = tags.text(0x00209056, slice.character_set);
  }
  slice.series_number = tags.plain(0x00200011);
  slice.instance_number = tags.plain(0x00200013);
  slice.position = tags.plain(0x00200032);
  slice.orientation = tags.plain(0x00200037);
  slice.samples = tags.count(0x00280002);
  slice.greys = tags.plain(0x00280004);
  slice.frames = tags.plain(0x00280008);
  slice.rows = tags.count(0x00280010);
  slice.columns = tags.count(0x00280011);
  slice.pixel_spacing = tags.plain(0x00280030);
  slice.bits = tags.count(0x00280100);
  slice.stored_bits = tags.count(0x00280101);
  slice.high_bit = tags.count(0x00280102);
  slice.sign = tags.count(0x00280103);
  slice.slope = tags.plain(0x00281053);
  slice.intercept = tags.plain(0x00281052);
  slice.rescale_type = tags.plain(0x00281054);
  slice.calculation = tags.plain(0x00089207);
  slice.lossy = tags.plain(0x00282110);
  slice.has_modality_table = file.values.count(kModalityTable) != 0;
  slice.pixels.padding = tags.number(kPadding);
  slice.pixels.padding_limit = tags.number(kPaddingLimit);
  return slice;
}

/// What is wrong with the properties that reading pixels relies on; empty if nothing is.
std::string wrong_format(const DicomSlice& slice) {
  const auto wrong = [](const char* tag, const std::string& value, const std::string& expected) {
    return std::string(tag) + " is " + (value.empty() ? "missing" : value) + ", expected " +
           expected;
  };
  const int bits = whole(slice.bits), stored = whole(slice.stored_bits);
  if (whole(slice.rows) < 1) return wrong("Rows (0028,0010)", slice.rows, "at least 1");
  if (whole(slice.columns) < 1) return wrong("Columns (0028,0011)", slice.columns, "at least 1");
  if (bits != 8 && bits != 16 && bits != 32) {
    return wrong("BitsAllocated (0028,0100)", slice.bits, "8, 16 or 32");
  }
  if (stored < 1 || stored > bits) {
    return wrong("BitsStored (0028,0101)", slice.stored_bits, "1 to " + slice.bits);
  }
  if (slice.high_bit != std::to_string(stored - 1)) {
    return wrong("HighBit (0028,0102)", slice.high_bit,
                 std::to_string(stored - 1) + " for " + slice.stored_bits +
                     " stored bits; readers place the bits of such pixels differently");
  }
  if (slice.sign != "0" && slice.sign != "1") {
    return wrong("PixelRepresentation (0028,0103)", slice.sign, "0 or 1");
  }
  return "";
}

/// Number of frames; 1 if nothing is said about it.
/// \return nothing if the text is no such number
std::optional<std::size_t> frame_count(const DicomSlice& slice) {
  if (slice.frames.empty()) return 1;
  const int count = whole(slice.frames);
  if (count < 1 || static_cast<std::size_t>(count) > kMostFrames) return std::nullopt;
  return static_cast<std::size_t>(count);
}

/// Bytes of an image that is not compressed.
std::uint64_t native_bytes(const DicomSlice& slice) {
  const auto of = [](const std::string& text) { return static_cast<std::uint64_t>(whole(text)); };
  const std::uint64_t samples = slice.samples.empty() ? 1 : of(slice.samples);
  return of(slice.rows) * of(slice.columns) * samples * of(slice.bits) / 8;
}

/// What is wrong with the size of pixels that are not compressed; empty if nothing is.
Defect wrong_size(const DicomSlice& slice, std::uint64_t there, std::size_t frames) {
  const std::uint64_t wanted = native_bytes(slice) * frames;
  const std::uint64_t row = native_bytes(slice) / static_cast<std::uint64_t>(whole(slice.rows));
  const std::uint64_t column =
      native_bytes(slice) / static_cast<std::uint64_t>(whole(slice.columns));
  // Less may be padding. A row or a column means that the size of the image is not what is stated.
  if (there >= wanted && there - wanted < std::max<std::uint64_t>(std::min(row, column), 2)) {
    return {};
  }
  return {"its pixels have " + std::to_string(there) + " bytes, but " + slice.rows + " x " +
              slice.columns + " pixels of " + slice.bits + " bits in " + std::to_string(frames) +
              (frames == 1 ? " frame" : " frames") + " need " + std::to_string(wanted),
          there < wanted};
}

/// Why the pixels of a file cannot be read, whatever they are; empty if nothing speaks against it.
Defect wrong_pixels(const DicomTags& tags, const DicomSlice& slice, std::size_t frames) {
  const TransferSyntax& syntax = tags.syntax;
  const std::string named = "transfer syntax " + syntax.uid + " (" + syntax.name + ")";
  if (syntax.coding == PixelCoding::kUndecodable) {
    return {"it has the " + named + ", for which lungrt has no decoder"};
  }
  const bool native = syntax.coding == PixelCoding::kNative;
  if (native == tags.pixels->encapsulated) {
    return {"it has the " + named + ", but its pixels are " +
            (native ? "compressed" : "not compressed")};
  }
  return native ? wrong_size(slice, tags.pixels->value.bytes, frames) : Defect{};
}

/// How the pixels of all images of a file are stored, but for where.
StoredPixels common_format(const DicomTags& tags, const DicomSlice& slice) {
  StoredPixels pixels = slice.pixels;
  pixels.syntax = tags.syntax;
  pixels.bits_allocated = whole(slice.bits);
  pixels.bits_stored = whole(slice.stored_bits);
  pixels.is_signed = slice.sign == "1";
  pixels.big_endian = tags.encoding.big_endian ||
                      (tags.syntax.big_endian_pixels && !tags.syntax.encoding.big_endian);
  pixels.has_overlays = tags.has_overlays;
  pixels.delimited = tags.pixels->delimited;
  pixels.is_plain = tags.syntax.coding == PixelCoding::kNative && !tags.deflated_at &&
                    pixels.bits_allocated == 16 &&
                    pixels.big_endian == (std::endian::native == std::endian::big);
  return pixels;
}

/// Reads the beginning of fragments, to find where frames begin.
class FragmentStarts {
 public:
  FragmentStarts(const std::filesystem::path& path, const DicomTags& tags)
      : file_(path), tags_(tags) {}
  std::string operator()(const Extent& extent) const {
    constexpr std::uint64_t kMost = 8;
    std::string start(static_cast<std::size_t>(std::min(extent.bytes, kMost)), '\0');
    if (tags_.inflated) return tags_.inflated->substr(extent.offset, start.size());
    start.resize(file_.read_at(extent.offset, start.data(), start.size()));
    return start;
  }

 private:
  InputFile file_;
  const DicomTags& tags_;
};

/// Where each image of a file is.
/// \throws std::runtime_error  see fragments_by_frame
std::vector<std::vector<Extent>> extents_of(const std::filesystem::path& path,
                                            const DicomTags& tags, const DicomSlice& slice,
                                            std::size_t frames) {
  if (tags.pixels->encapsulated) {
    const FragmentStarts starts(path, tags);
    return fragments_by_frame(*tags.pixels, frames,
                              [&](const Extent& extent) { return starts(extent); });
  }
  const std::uint64_t each = native_bytes(slice);
  std::vector<std::vector<Extent>> extents;
  for (std::size_t i = 0; i < frames; ++i) {
    extents.push_back({{tags.pixels->value.offset + i * each, each}});
  }
  return extents;
}

std::vector<DicomSlice> images_of(const std::filesystem::path& path, const DicomTags& tags) {
  const auto refused = [&](const Defect& defect) { return no_image(path, tags.storage, defect); };
  DicomSlice first = slice_of(path, tags, tags.groups.frames.empty() ? 0 : 1);
  if (const std::string wrong = wrong_format(first); !wrong.empty()) return refused({wrong});
  const std::optional<std::size_t> frames = frame_count(first);
  if (!frames) {
    return refused({"NumberOfFrames (0028,0008) is '" + first.frames + "', expected 1 to " +
                    std::to_string(kMostFrames)});
  }
  const std::size_t groups = tags.groups.frames.size();
  if (groups != 0 && groups != *frames) {
    return refused({"it has " + std::to_string(*frames) + " frames, but functional groups " +
                    "(5200,9230) of " + std::to_string(groups)});
  }
  std::vector<std::vector<Extent>> extents;
  first.defect = wrong_pixels(tags, first, *frames);
  try {
    if (first.defect.reason.empty()) extents = extents_of(path, tags, first, *frames);
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    first.defect = {std::string("its compressed pixels are incomplete: ") + error.what(), true};
  }
  if (!first.defect.reason.empty()) return {std::move(first)};
  std::vector<DicomSlice> images;
  images.push_back(std::move(first));
  // Frames without groups have no positions: slice_header() refuses the one image that stands for
  // them.
  for (std::size_t i = 1; i < groups; ++i) {
    images.push_back(slice_of(path, tags, static_cast<int>(i) + 1));
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i].pixels = common_format(tags, images[i]);
    images[i].pixels.extents = std::move(extents[i]);
    if (!tags.pixels->encapsulated) {
      images[i].pixels.surplus = tags.pixels->value.bytes - native_bytes(images[i]) * *frames;
    }
    // A file of one image is inflated again, instead of holding a whole series in memory.
    if (images.size() > 1) images[i].pixels.inflated = tags.inflated;
    if (images.size() == 1) images[i].pixels.deflated_at = tags.deflated_at;
  }
  return images;
}

}  // namespace

void refuse_defect(const std::filesystem::path& path, const Defect& defect) {
  const std::string where = path.string();
  if (defect.truncated) {
    throw Error(ErrorCode::kIo, where + ": damaged or truncated DICOM file (" + defect.reason +
                                    "); copy it again or move it out of the folder");
  }
  throw Error(ErrorCode::kIo, where + ": DICOM file that cannot be read (" + defect.reason +
                                  "); another copy will not help: rewrite it with a tool that "
                                  "reads it, such as gdcmconv or dcmconv, or move it out of the "
                                  "folder");
}

std::string name_of(const DicomSlice& slice) {
  const std::string file = slice.path.filename().string();
  return slice.frame == 0 ? file : file + ", frame " + std::to_string(slice.frame);
}

std::string place_of(const DicomSlice& slice) {
  const std::string file = slice.path.string();
  return slice.frame == 0 ? file : file + ", frame " + std::to_string(slice.frame);
}

std::vector<DicomSlice> read_slices(const std::filesystem::path& path) {
  std::optional<DicomTags> tags;
  try {
    tags = read_tags(path);
  } catch (const UnreadableDicom& error) {
    return no_image(path, error.storage, {error.what(), error.is_truncated});
  }
  if (!tags) {
    if (!has_dicom_suffix(path)) return {};
    return no_image(path, "", {"it does not begin like a DICOM file", true});
  }
  if (!tags->pixels) return no_image(path, tags->storage, {"it has no pixels", true});
  return images_of(path, *tags);
}

}  // namespace lungrt::io
