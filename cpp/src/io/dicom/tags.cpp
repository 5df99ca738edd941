#include "io/dicom/tags.h"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <utility>

#include "io/byte_source.h"
#include "io/inflate.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr std::uint64_t kPreamble = 128;
constexpr std::uint32_t kUndefined = 0xFFFFFFFF;
constexpr TagNumber kItem = 0xFFFEE000, kItemEnd = 0xFFFEE00D, kSequenceEnd = 0xFFFEE0DD;
constexpr TagNumber kPixelData = 0x7FE00010;
constexpr TagNumber kStorage = 0x00020002, kSyntax = 0x00020010, kObjectClass = 0x00080016;
constexpr int kDeepest = 32;  // nested sequences
constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kLargestSlice = std::size_t{1} << 30;  // bytes of an inflated file

/// Encoding of data elements.
struct Encoding {
  bool is_explicit = true;
  bool big_endian = false;
};

/// Head of a data element.
struct Head {
  TagNumber tag = 0;
  std::string representation;  ///< value representation; empty if it is implicit
  std::uint32_t length = 0;
  std::uint64_t value = 0;  ///< offset of the value
};

bool has_long_length(std::string_view representation) {
  constexpr std::array<std::string_view, 13> kLong{"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                   "SV", "UC", "UN", "UR", "UT", "UV"};
  return std::find(kLong.begin(), kLong.end(), representation) != kLong.end();
}

bool is_representation(std::string_view text) {
  return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char letter) {
           return letter >= 'A' && letter <= 'Z';
         });
}

/// Walks through the data elements of a file and checks that they lie within it.
class Walk {
 public:
  explicit Walk(ByteSource& source) : source_(source) {}

  std::uint64_t size() const { return source_.size(); }

  std::uint32_t number(std::uint64_t at, std::size_t count, bool big_endian) {
    const std::string_view bytes = source_.bytes(at, count);
    if (bytes.size() < count) throw std::runtime_error("it ends within a tag");
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = value << 8U | static_cast<unsigned char>(bytes[big_endian ? i : count - 1 - i]);
    }
    return value;
  }

  Head head(std::uint64_t at, const Encoding& encoding) {
    const bool big = encoding.big_endian;
    Head head;
    head.tag = number(at, 2, big) << 16U | number(at + 2, 2, big);
    const bool delimiter = head.tag == kItem || head.tag == kItemEnd || head.tag == kSequenceEnd;
    if (!encoding.is_explicit || delimiter) {
      head.length = number(at + 4, 4, big);
      head.value = at + 8;
      return head;
    }
    head.representation = source_.bytes(at + 4, 2);
    if (!is_representation(head.representation)) {
      throw std::runtime_error("a tag has no value representation");
    }
    const bool is_long = has_long_length(head.representation);
    head.length = number(at + (is_long ? 8 : 6), is_long ? 4 : 2, big);
    head.value = at + (is_long ? 12 : 8);
    return head;
  }

  /// Value of an element as text; empty if it is too long to be of interest.
  std::string value(const Head& head) {
    if (head.length > kLongestValue) return "";
    return std::string(source_.bytes(head.value, head.length));
  }

  /// Offset after an element. If its length is undefined, everything in it is walked through.
  std::uint64_t end_of(const Head& head, const Encoding& encoding, int depth) {
    if (head.length != kUndefined) {
      if (head.value + head.length > size()) {
        throw std::runtime_error("it has " + std::to_string(size()) +
                                 " bytes, but one of its tags ends at byte " +
                                 std::to_string(head.value + head.length));
      }
      return head.value + head.length;
    }
    if (depth > kDeepest) throw std::runtime_error("its sequences are nested too deeply");
    if (head.tag == kPixelData) return end_of_items(head.value, encoding, depth, false);
    // The content of an element of unknown representation is encoded implicitly.
    const bool hidden = head.representation == "UN";
    return end_of_items(head.value, hidden ? Encoding{false, false} : encoding, depth, true);
  }

 private:
  std::uint64_t end_of_items(std::uint64_t at, const Encoding& encoding, int depth, bool nested) {
    while (true) {
      const Head item = head(at, encoding);
      if (item.tag == kSequenceEnd) return item.value;
      if (item.tag != kItem)
        throw std::runtime_error("a sequence contains an element that is not an item");
      if (item.length != kUndefined) {
        at = end_of(item, encoding, depth);
      } else if (nested) {
        at = end_of_item(item.value, encoding, depth + 1);
      } else {
        throw std::runtime_error("a fragment of its pixels has no length");
      }
    }
  }

  std::uint64_t end_of_item(std::uint64_t at, const Encoding& encoding, int depth) {
    while (true) {
      const Head element = head(at, encoding);
      if (element.tag == kItemEnd) return element.value;
      at = end_of(element, encoding, depth);
    }
  }

  ByteSource& source_;
};

bool is_wanted(TagNumber tag) {
  constexpr std::array<std::uint16_t, 5> kGroups{0x0008, 0x0010, 0x0018, 0x0020, 0x0028};
  return std::find(kGroups.begin(), kGroups.end(), tag >> 16U) != kGroups.end();
}

/// Reads the tags of the data set. Tags ascend, so nothing of interest follows the pixels.
void walk_object(Walk& walk, std::uint64_t at, const Encoding& encoding, DicomTags& tags) {
  while (at < walk.size()) {
    const Head head = walk.head(at, encoding);
    if (head.tag == kPixelData) {
      const bool fragments = head.length == kUndefined;
      const std::uint64_t end = walk.end_of(head, encoding, 0);
      tags.pixels = PixelElement{head.value, fragments ? 0 : head.length, fragments, end};
      return;
    }
    if ((head.tag >> 16U) >= 0x6000 && (head.tag >> 16U) <= 0x60FF) tags.has_overlays = true;
    at = walk.end_of(head, encoding, 0);
    if (is_wanted(head.tag) && head.length != kUndefined) tags.values[head.tag] = walk.value(head);
  }
}

/// Reads the file meta group (0002), which is explicit little endian in any file.
/// \return offset of the data set
std::uint64_t walk_meta(Walk& walk, std::uint64_t at, DicomTags& tags) {
  while (at < walk.size() && walk.number(at, 2, false) == 2) {
    const Head head = walk.head(at, {});
    at = walk.end_of(head, {}, 0);
    if (head.tag == kStorage) tags.storage = clean(walk.value(head));
    if (head.tag == kSyntax) tags.syntax = clean(walk.value(head));
  }
  return at;
}

void walk_file(ByteSource& source, std::uint64_t begin, DicomTags& tags) {
  Walk walk(source);
  const std::uint64_t object = walk_meta(walk, begin, tags);
  if (tags.syntax.empty()) {
    // A file without a meta group: its first tag shows whether it is explicit or implicit.
    tags.syntax = is_representation(source.bytes(object + 4, 2))
                      ? transfer_syntax::kExplicitLittleEndian
                      : transfer_syntax::kImplicitLittleEndian;
  }
  if (tags.syntax == transfer_syntax::kDeflated) {
    MemoryBytes content(inflate_all(source, object, Compression::kDeflate, kLargestSlice));
    Walk inside(content);
    walk_object(inside, 0, {}, tags);
    if (tags.pixels) tags.pixels->end = source.size();
  } else {
    const Encoding encoding{tags.syntax != transfer_syntax::kImplicitLittleEndian,
                            tags.syntax == transfer_syntax::kExplicitBigEndian};
    walk_object(walk, object, encoding, tags);
  }
  if (tags.storage.empty() && tags.values.count(kObjectClass) != 0) {
    tags.storage = clean(tags.values[kObjectClass]);
  }
}

}  // namespace

std::optional<DicomTags> read_tags(const std::filesystem::path& path) {
  FileWindow file(path);
  const bool marked = file.bytes(kPreamble, 4) == "DICM";
  // Old files have no preamble and begin with a tag of group 0002 or 0008.
  const std::string start(file.bytes(0, 2));
  const bool bare = start == std::string("\x02\0", 2) || start == std::string("\x08\0", 2);
  if (!marked && !bare) return std::nullopt;
  DicomTags tags;
  tags.version = file.version();
  try {
    walk_file(file, marked ? kPreamble + 4 : 0, tags);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    if (!marked) return std::nullopt;  // a file of any type may begin with those two bytes
    throw DamagedDicom(error.what(), tags.storage);
  }
  return tags;
}

}  // namespace lungrt::io
