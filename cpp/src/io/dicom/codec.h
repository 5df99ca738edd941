/// What DICOM files need another library for: the one seam between reading and decoding them.
///
/// `lungrt::io` has GDCM and zlib, Python has SimpleITK and its own zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/byte_source.h"
#include "io/dicom/slice.h"

namespace lungrt::io {

/// Used by several threads at once.
class Codec {
 public:
  virtual ~Codec() = default;
  /// Inflates what a file of the deflated transfer syntax holds from a place to its end.
  /// \param most  bytes that are taken
  /// \throws std::runtime_error  for damaged data, an end that is too early, or more bytes
  virtual std::string inflate(ByteSource& source, std::uint64_t at, std::size_t most) const = 0;
  /// Decodes pixels that cannot be read as they lie, and rescales them.
  /// \param content  of the file, up to the end of its pixels
  /// \throws Error kIo         where it cannot
  /// \throws Error kBadVolume  for a value beyond int16
  virtual Plane decode(const DicomSlice& slice, std::string content, std::int64_t pixels) const = 0;
};

}  // namespace lungrt::io
