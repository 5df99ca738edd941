/// Data elements of a DICOM file: their heads, items and ends. All lengths are checked against the
/// size of the file.
///
/// Files whose encoding differs from what their header announces are common. Where the bytes leave
/// no doubt, they are read as they are: a data set or an item that is implicit instead of explicit
/// or the reverse, an element without a value representation, a sequence without its delimiter.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/byte_source.h"

namespace lungrt::io {

/// Group and element of a tag as one number: 0xGGGGEEEE.
using TagNumber = std::uint32_t;

/// "(0028,0010)".
std::string tag_text(TagNumber tag);

/// Encoding of data elements.
struct Encoding {
  bool is_explicit = true;
  bool big_endian = false;
};

/// "explicit VR little endian".
std::string encoding_text(const Encoding& encoding);

/// Head of a data element.
struct Element {
  TagNumber tag = 0;
  std::string representation;  ///< value representation; empty if it is implicit
  std::uint32_t length = 0;    ///< of the value; kUndefinedLength if delimiters end it
  std::uint64_t at = 0;        ///< offset of the element
  std::uint64_t value = 0;     ///< offset of its value
};

inline constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;

/// A run of bytes.
struct Extent {
  std::uint64_t offset = 0, bytes = 0;
  bool operator==(const Extent&) const = default;
};

/// Compressed pixels, which are stored in fragments.
struct Fragments {
  Extent table;                 ///< basic offset table; empty in most files
  std::vector<Extent> extents;  ///< the fragments, without the table
  bool delimited = true;        ///< false if the file ends without the delimiter of the sequence
  std::uint64_t end = 0;        ///< offset after them
};

/// Structure of a file that cannot be read.
class BadStructure : public std::runtime_error {
 public:
  BadStructure(const std::string& reason, bool truncated)
      : std::runtime_error(reason), is_truncated(truncated) {}
  bool is_truncated;  ///< whether bytes are missing, so that another copy may be whole
};

/// Reads the data elements of a file.
/// All functions throw BadStructure.
class ElementReader {
 public:
  explicit ElementReader(ByteSource& source) : source_(source) {}

  std::uint64_t size() const { return source_.size(); }

  /// An unsigned number of `count` bytes.
  std::uint32_t number(std::uint64_t at, std::size_t count, bool big_endian);

  Element element(std::uint64_t at, const Encoding& encoding);

  /// Value of an element, of which at most `most` bytes are read.
  /// \return the value; empty if it is longer
  std::string value(const Element& element, std::size_t most);

  /// The encoding in which the data set or item at an offset is, given the one that is announced.
  Encoding encoding_at(std::uint64_t at, const Encoding& announced);

  /// Is called for an element.
  /// \return the offset after it if that is known; otherwise it is skipped
  using OnElement =
      std::function<std::optional<std::uint64_t>(const Element& element, const Encoding& encoding)>;

  /// Goes through the elements of a data set or an item, up to a limit or a delimiter.
  /// \param depth       number of sequences around them
  /// \param on_element  may be empty
  /// \return the offset after them
  std::uint64_t elements(std::uint64_t at, std::uint64_t limit, const Encoding& encoding, int depth,
                         const OnElement& on_element);

  /// Is called for the content of an item and returns the offset after it; see elements().
  using OnItem = std::function<std::uint64_t(std::uint64_t at, std::uint64_t limit,
                                             const Encoding& encoding, int depth)>;

  /// Goes through the items of a sequence.
  /// \param depth  number of sequences around this one
  /// \return the offset after the sequence
  std::uint64_t items(const Element& sequence, const Encoding& encoding, int depth,
                      const OnItem& on_item);

  /// Goes through the fragments of compressed pixels.
  Fragments fragments(const Element& pixels, const Encoding& encoding);

  /// Offset after an element. If its length is undefined, everything in it is gone through.
  std::uint64_t end_of(const Element& element, const Encoding& encoding, int depth);

 private:
  Element strict_element(std::uint64_t at, const Encoding& encoding);
  bool is_plausible(const Element& element, const Encoding& encoding);

  ByteSource& source_;
};

}  // namespace lungrt::io
