/// Interface of the libraries that decode compressed DICOM pixels.
///
/// `lungrt::io` implements it with GDCM, Python with SimpleITK.
#pragma once

#include <cstdint>
#include <string>

#include "io/dicom/slice.h"

namespace lungrt::io {

/// Decoder of compressed pixels. Several threads use one at the same time.
class Codec {
 public:
  virtual ~Codec() = default;
  /// Decodes pixels that cannot be read directly, and rescales them.
  /// \param content  the file, up to the end of its pixels
  /// \throws Error kIo         if the pixels cannot be decoded
  /// \throws Error kBadVolume  for a value beyond int16
  virtual Plane decode(const DicomSlice& slice, std::string content, std::int64_t pixels) const = 0;
};

}  // namespace lungrt::io
