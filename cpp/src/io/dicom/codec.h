/// Interface of the libraries that inflate and decode DICOM files.
///
/// `lungrt::io` implements it with GDCM and zlib, Python with SimpleITK and its own zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/byte_source.h"
#include "io/dicom/slice.h"

namespace lungrt::io {

/// Codec of compressed DICOM files. Several threads use one at the same time.
class Codec {
 public:
  virtual ~Codec() = default;
  /// Inflates a file of the deflated transfer syntax, from an offset to its end.
  /// \param most  largest size of the result in bytes
  /// \throws std::runtime_error  for damaged or incomplete data, or a larger result
  virtual std::string inflate(ByteSource& source, std::uint64_t at, std::size_t most) const = 0;
  /// Decodes pixels that cannot be read directly, and rescales them.
  /// \param content  the file, up to the end of its pixels
  /// \throws Error kIo         if the pixels cannot be decoded
  /// \throws Error kBadVolume  for a value beyond int16
  virtual Plane decode(const DicomSlice& slice, std::string content, std::int64_t pixels) const = 0;
};

}  // namespace lungrt::io
