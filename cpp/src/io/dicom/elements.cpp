#include "io/dicom/elements.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "io/utf8.h"

namespace lungrt::io {
namespace {

constexpr TagNumber kItem = 0xFFFEE000, kItemEnd = 0xFFFEE00D, kSequenceEnd = 0xFFFEE0DD;
constexpr int kDeepest = 32;                     // nested sequences
constexpr std::size_t kMostFragments = 1 << 20;  // keeps memory small for files of empty ones

constexpr std::array<std::string_view, 13> kLong{"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                 "SV", "UC", "UN", "UR", "UT", "UV"};
constexpr std::array<std::string_view, 21> kShort{"AE", "AS", "AT", "CS", "DA", "DS", "DT",
                                                  "FD", "FL", "IS", "LO", "LT", "PN", "SH",
                                                  "SL", "SS", "ST", "TM", "UI", "UL", "US"};

template <std::size_t kCount>
bool contains(const std::array<std::string_view, kCount>& known, std::string_view text) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

bool has_long_length(std::string_view representation) { return contains(kLong, representation); }

bool is_known(std::string_view representation) {
  return contains(kLong, representation) || contains(kShort, representation);
}

bool looks_like_letters(std::string_view representation) {
  return representation.size() == 2 &&
         std::all_of(representation.begin(), representation.end(),
                     [](char letter) { return letter >= 'A' && letter <= 'Z'; });
}

bool is_delimiter(TagNumber tag) { return tag >> 16U == 0xFFFE; }

/// "tag (0009,1001) at byte 412".
std::string place(const Element& element) {
  return "tag " + tag_text(element.tag) + " at byte " + std::to_string(element.at);
}

}  // namespace

std::string tag_text(TagNumber tag) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "(%04X,%04X)", tag >> 16U, tag & 0xFFFFU);
  return text.data();
}

std::string encoding_text(const Encoding& encoding) {
  return std::string(encoding.is_explicit ? "explicit" : "implicit") + " VR " +
         (encoding.big_endian ? "big" : "little") + " endian";
}

std::uint32_t ElementReader::number(std::uint64_t at, std::size_t count, bool big_endian) {
  const std::string_view bytes = source_.bytes(at, count);
  if (bytes.size() < count) {
    throw BadStructure("it has " + std::to_string(size()) + " bytes and ends within a tag", true);
  }
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value = value << 8U | static_cast<unsigned char>(bytes[big_endian ? i : count - 1 - i]);
  }
  return value;
}

Element ElementReader::strict_element(std::uint64_t at, const Encoding& encoding) {
  const bool big = encoding.big_endian;
  Element element;
  element.at = at;
  element.tag = number(at, 2, big) << 16U | number(at + 2, 2, big);
  if (!encoding.is_explicit || is_delimiter(element.tag)) {
    element.length = number(at + 4, 4, big);
    element.value = at + 8;
    return element;
  }
  element.representation = source_.bytes(at + 4, 2);
  const bool is_long = has_long_length(element.representation);
  element.length = number(at + (is_long ? 8 : 6), is_long ? 4 : 2, big);
  element.value = at + (is_long ? 12 : 8);
  return element;
}

/// Whether an element lies in the file and is followed by its items, by an element with a higher
/// tag, by a delimiter or by nothing.
bool ElementReader::is_plausible(const Element& element, const Encoding& encoding) {
  const bool undefined = element.length == kUndefinedLength;
  const std::uint64_t next = element.value + (undefined ? 0 : element.length);
  if (next == size()) return true;
  if (next + 12 > size()) return false;  // the longest head
  const Element follower = strict_element(next, encoding);
  if (undefined) return follower.tag == kItem || follower.tag == kSequenceEnd;
  if (is_delimiter(follower.tag)) return follower.length == 0 || follower.tag == kItem;
  const bool readable = !encoding.is_explicit || looks_like_letters(follower.representation);
  const bool fits =
      follower.length == kUndefinedLength || follower.value + follower.length <= size();
  return follower.tag > element.tag && readable && fits;
}

Element ElementReader::element(std::uint64_t at, const Encoding& encoding) {
  const Element element = strict_element(at, encoding);
  if (!encoding.is_explicit || is_delimiter(element.tag) || is_known(element.representation)) {
    return element;
  }
  // An unknown representation: a newer one, none at all, or the length of an implicit element,
  // after which the encoding is the same as before.
  const Element implicit = strict_element(at, {false, encoding.big_endian});
  if (looks_like_letters(element.representation) && is_plausible(element, encoding)) return element;
  if (is_plausible(implicit, encoding)) return implicit;
  if (is_plausible(element, encoding)) return element;
  throw BadStructure(place(element) + " has the value representation '" +
                         printable(element.representation) +
                         "', and what follows it is no tag in " + encoding_text(encoding) +
                         " or with an implicit representation",
                     false);
}

std::string ElementReader::value(const Element& element, std::size_t most) {
  if (element.length > most) return "";
  return std::string(source_.bytes(element.value, element.length));
}

Encoding ElementReader::encoding_at(std::uint64_t at, const Encoding& announced) {
  if (at + 8 > size()) return announced;
  const Element first = strict_element(at, announced);
  if (is_delimiter(first.tag)) return announced;
  const bool looks_explicit = is_known(source_.bytes(at + 4, 2));
  if (announced.is_explicit == looks_explicit) return announced;
  const Encoding other{looks_explicit, announced.big_endian};
  // Letters may also be the length of an implicit element, and a private representation is none
  // that is known.
  const bool may_be_announced =
      (!announced.is_explicit || looks_like_letters(first.representation)) &&
      is_plausible(first, announced);
  const bool may_be_other = is_plausible(strict_element(at, other), other);
  return may_be_other && !may_be_announced ? other : announced;
}

std::uint64_t ElementReader::elements(std::uint64_t at, std::uint64_t limit,
                                      const Encoding& encoding, int depth,
                                      const OnElement& on_element) {
  while (at < limit) {
    const Element next = element(at, encoding);
    if (is_delimiter(next.tag) && depth == 0) {  // one too many
      at = next.value;
      continue;
    }
    if (next.tag == kItemEnd) return next.value;
    if (is_delimiter(next.tag)) return at;  // the delimiter of this item is missing
    const std::optional<std::uint64_t> end = on_element ? on_element(next, encoding) : std::nullopt;
    at = end ? *end : end_of(next, encoding, depth);
  }
  return at;
}

std::uint64_t ElementReader::items(const Element& sequence, const Encoding& encoding, int depth,
                                   const OnItem& on_item) {
  if (depth >= kDeepest) {
    throw BadStructure("its sequences are nested too deeply at " + place(sequence) +
                           ", more than " + std::to_string(kDeepest) + " levels",
                       false);
  }
  const bool undefined = sequence.length == kUndefinedLength;
  const std::uint64_t limit = undefined ? size() : end_of(sequence, encoding, depth);
  std::uint64_t at = sequence.value;
  while (at < limit) {
    const Element item = element(at, encoding);
    if (item.tag == kSequenceEnd) return undefined ? item.value : limit;
    if (item.tag != kItem) {
      // The delimiter of the sequence is missing: what follows belongs to what is around it.
      if (undefined && (item.tag == kItemEnd || item.tag > sequence.tag)) return at;
      throw BadStructure("the sequence of " + place(sequence) + " contains " + place(item) +
                             ", which is not an item",
                         false);
    }
    const bool open = item.length == kUndefinedLength;
    const std::uint64_t end = open ? limit : end_of(item, encoding, depth);
    const std::uint64_t after =
        on_item(item.value, end, encoding_at(item.value, encoding), depth + 1);
    at = open ? after : end;
  }
  return limit;
}

Fragments ElementReader::fragments(const Element& pixels, const Encoding& encoding) {
  Fragments result;
  std::uint64_t at = pixels.value;
  for (bool is_table = true; at < size(); is_table = false) {
    const Element item = element(at, encoding);
    if (item.tag == kSequenceEnd) {
      result.end = item.value;
      return result;
    }
    if (item.tag != kItem) {
      throw BadStructure("the compressed pixels contain " + place(item) + ", which is not an item",
                         false);
    }
    if (item.length == kUndefinedLength) {
      throw BadStructure(
          "a fragment of its pixels at byte " + std::to_string(at) + " has no length", false);
    }
    at = end_of(item, encoding, 0);
    if (result.extents.size() == kMostFragments) {
      throw BadStructure(
          "its pixels have more than " + std::to_string(kMostFragments) + " fragments", false);
    }
    const Extent extent{item.value, item.length};
    if (is_table) {
      result.table = extent;
    } else {
      result.extents.push_back(extent);
    }
  }
  result.delimited = false;
  result.end = at;
  return result;
}

std::uint64_t ElementReader::end_of(const Element& element, const Encoding& encoding, int depth) {
  if (element.length != kUndefinedLength) {
    if (element.value + element.length > size()) {
      throw BadStructure("it has " + std::to_string(size()) + " bytes, but its " + place(element) +
                             " ends at byte " + std::to_string(element.value + element.length),
                         true);
    }
    return element.value + element.length;
  }
  // The content of an element of unknown representation is encoded implicitly.
  const bool hidden = element.representation == "UN";
  const Encoding inside = hidden ? Encoding{false, false} : encoding;
  return items(element, inside, depth,
               [&](std::uint64_t at, std::uint64_t limit, const Encoding& found, int inner) {
                 return elements(at, limit, found, inner, {});
               });
}

}  // namespace lungrt::io
