#include "io/dicom/tags.h"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "io/byte_source.h"
#include "io/inflate.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr std::uint64_t kPreamble = 128;
constexpr TagNumber kStorage = 0x00020002, kSyntax = 0x00020010, kObjectClass = 0x00080016;
constexpr TagNumber kSharedGroups = 0x52009229, kFrameGroups = 0x52009230;
constexpr TagNumber kPixelData = 0x7FE00010;
constexpr std::size_t kLongestValue = 4096;

/// Functional groups that say what a frame shows, where it lies and what its pixels mean.
constexpr std::array<TagNumber, 9> kMacros{
    0x00189314,  // CT Reconstruction: kernel
    0x00189329,  // CT Image Frame Type
    0x00209111,  // Frame Content: acquisition, stack, phase
    0x00209113,  // Plane Position
    0x00209116,  // Plane Orientation
    0x00209170,  // Unassigned Shared Converted Attributes
    0x00209171,  // Unassigned Per-Frame Converted Attributes
    0x00289110,  // Pixel Measures: spacing
    0x00289145,  // Pixel Value Transformation: rescale
};

/// Whether a functional group holds what a conversion from single frames kept without knowing its
/// place. It says nothing about tags that have one.
bool is_kept(TagNumber macro) { return macro == 0x00209170 || macro == 0x00209171; }

bool is_wanted(TagNumber tag) {
  constexpr std::array<std::uint16_t, 5> kGroups{0x0008, 0x0010, 0x0018, 0x0020, 0x0028};
  return std::find(kGroups.begin(), kGroups.end(), tag >> 16U) != kGroups.end();
}

/// Whether a tag says that overlays are in the pixels: an overlay's bit position is not 0.
bool places_overlay(TagNumber tag, const std::string& value) {
  const bool is_position = tag >> 24U == 0x60 && (tag & 0xFFFFU) == 0x0102;
  return is_position && value.find_first_not_of(std::string_view("\0 ", 2)) != std::string::npos;
}

/// Reads the tags of one data set.
class ObjectReader {
 public:
  ObjectReader(ByteSource& source, DicomTags& tags) : reader_(source), tags_(tags) {}

  /// Tags ascend, so nothing of interest follows the pixels.
  void read(std::uint64_t at) {
    tags_.encoding = encoding_at(at);
    reader_.elements(
        at, reader_.size(), tags_.encoding, 0,
        [&](const Element& element, const Encoding& encoding) { return take(element, encoding); });
  }

 private:
  /// The encoding of the data set. That of single items is found out by itself; the byte order is
  /// the same everywhere.
  Encoding encoding_at(std::uint64_t at) {
    Encoding encoding = tags_.syntax.encoding;
    if (at + 8 > reader_.size()) return encoding;
    // The first group is 0008, whose bytes are another group's in the other order.
    const std::uint32_t swapped = reader_.number(at, 2, !encoding.big_endian);
    if (swapped == 0x0008) encoding.big_endian = !encoding.big_endian;
    return reader_.encoding_at(at, encoding);
  }

  std::optional<std::uint64_t> take(const Element& element, const Encoding& encoding) {
    if (element.tag == kPixelData) {
      take_pixels(element, encoding);
      return reader_.size();
    }
    if (element.tag == kSharedGroups || element.tag == kFrameGroups) {
      return take_groups(element, encoding);
    }
    const bool overlay = element.tag >> 24U == 0x60;
    if (element.length == kUndefinedLength || !(is_wanted(element.tag) || overlay)) {
      return std::nullopt;
    }
    const std::uint64_t end = reader_.end_of(element, encoding, 0);
    if (overlay) {
      if (places_overlay(element.tag, reader_.value(element, 2))) tags_.has_overlays = true;
    } else {
      tags_.values[element.tag] = reader_.value(element, kLongestValue);
    }
    return end;
  }

  void take_pixels(const Element& element, const Encoding& encoding) {
    PixelElement pixels;
    pixels.encapsulated = element.length == kUndefinedLength;
    if (pixels.encapsulated) {
      Fragments found = reader_.fragments(element, encoding);
      pixels.fragments = std::move(found.extents);
      pixels.delimited = found.delimited;
      const std::uint64_t frames = found.table.bytes / 4;
      for (std::uint64_t i = 0; i < frames && frames <= kMostFrames; ++i) {
        pixels.offsets.push_back(
            reader_.number(found.table.offset + 4 * i, 4, encoding.big_endian));
      }
    } else {
      reader_.end_of(element, encoding, 0);  // checks that it is complete
      pixels.value = {element.value, element.length};
    }
    tags_.pixels = std::move(pixels);
  }

  std::uint64_t take_groups(const Element& sequence, const Encoding& encoding) {
    const bool shared = sequence.tag == kSharedGroups;
    return reader_.items(
        sequence, encoding, 0,
        [&](std::uint64_t at, std::uint64_t limit, const Encoding& found, int depth) {
          if (!shared) {
            if (tags_.groups.frames.size() == kMostFrames) {
              throw BadStructure("it has more than " + std::to_string(kMostFrames) + " frames",
                                 false);
            }
            tags_.groups.frames.emplace_back();
          }
          return take_macros(at, limit, found, depth,
                             shared ? tags_.groups.shared : tags_.groups.frames.back());
        });
  }

  /// Takes the tags of the functional groups of an item.
  std::uint64_t take_macros(std::uint64_t at, std::uint64_t limit, const Encoding& encoding,
                            int depth, TagValues& values) {
    return reader_.elements(
        at, limit, encoding, depth,
        [&](const Element& macro, const Encoding& outer) -> std::optional<std::uint64_t> {
          if (std::find(kMacros.begin(), kMacros.end(), macro.tag) == kMacros.end()) {
            return std::nullopt;
          }
          return reader_.items(
              macro, outer, depth,
              [&](std::uint64_t begin, std::uint64_t end, const Encoding& inner, int level) {
                return reader_.elements(
                    begin, end, inner, level, [&](const Element& element, const Encoding& its) {
                      return take_value(element, its, level, is_kept(macro.tag), values);
                    });
              });
        });
  }

  std::optional<std::uint64_t> take_value(const Element& element, const Encoding& encoding,
                                          int depth, bool only_if_new, TagValues& values) {
    if (element.length == kUndefinedLength || !is_wanted(element.tag)) return std::nullopt;
    const std::uint64_t end = reader_.end_of(element, encoding, depth);
    if (only_if_new && values.count(element.tag) != 0) return end;
    values[element.tag] = reader_.value(element, kLongestValue);
    return end;
  }

  ElementReader reader_;
  DicomTags& tags_;
};

/// Reads the file meta group (0002), which is explicit little endian in any file that is right.
/// \return offset of the data set
std::uint64_t read_meta(ElementReader& reader, std::uint64_t at, DicomTags& tags) {
  const Encoding encoding = reader.encoding_at(at, {});
  while (at < reader.size() && reader.number(at, 2, false) == 2) {
    const Element element = reader.element(at, encoding);
    at = reader.end_of(element, encoding, 0);
    if (element.tag == kStorage) tags.storage = clean(reader.value(element, kLongestValue));
    if (element.tag == kSyntax) tags.syntax_uid = clean(reader.value(element, kLongestValue));
  }
  return at;
}

void read_file(ByteSource& source, std::uint64_t begin, DicomTags& tags) {
  ElementReader reader(source);
  const std::uint64_t object = read_meta(reader, begin, tags);
  if (tags.syntax_uid.empty()) {
    // A file without a meta group. What it announces is what its first tag shows to be wrong.
    const Encoding found = reader.encoding_at(object, {});
    tags.syntax_uid = found.is_explicit ? transfer_syntax::kExplicitLittleEndian
                                        : transfer_syntax::kImplicitLittleEndian;
  }
  tags.syntax = transfer_syntax_of(tags.syntax_uid);
  if (tags.syntax.deflated) {
    tags.deflated_at = object;
    tags.inflated = std::make_shared<const std::string>(
        inflate_all(source, object, Compression::kDeflate, kLargestObject));
    BytesView content(*tags.inflated);
    ObjectReader(content, tags).read(0);
  } else {
    ObjectReader(source, tags).read(object);
  }
  if (tags.storage.empty() && tags.values.count(kObjectClass) != 0) {
    tags.storage = clean(tags.values[kObjectClass]);
  }
}

/// Whether a file without the mark DICM may begin with a data set: with a tag of group 0002 or
/// 0008, in either byte order.
bool begins_like_a_data_set(std::string_view start) {
  using std::string_view_literals::operator""sv;
  constexpr std::array<std::string_view, 3> kStarts{"\x02\0"sv, "\x08\0"sv, "\0\x08"sv};
  return std::find(kStarts.begin(), kStarts.end(), start) != kStarts.end();
}

}  // namespace

std::optional<DicomTags> read_tags(const std::filesystem::path& path) {
  FileWindow file(path);
  const bool marked = file.bytes(kPreamble, 4) == "DICM";
  const bool unprefixed = !marked && file.bytes(0, 4) == "DICM";  // the preamble was cut off
  if (!marked && !unprefixed && !begins_like_a_data_set(file.bytes(0, 2))) return std::nullopt;
  DicomTags tags;
  tags.version = file.version();
  const auto unreadable = [&](const std::runtime_error& error, bool truncated) {
    if (marked) throw UnreadableDicom(error.what(), tags.storage, truncated);
    return std::nullopt;  // a file of any type may begin like that
  };
  try {
    read_file(file, marked ? kPreamble + 4 : (unprefixed ? 4 : 0), tags);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const BadStructure& error) {
    return unreadable(error, error.is_truncated);
  } catch (const std::runtime_error& error) {  // of deflated data
    return unreadable(error, true);
  }
  return tags;
}

}  // namespace lungrt::io
