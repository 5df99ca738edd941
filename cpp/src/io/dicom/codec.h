/// Interface of the libraries that decode compressed DICOM pixels.
///
/// `lungrt::io` implements it with GDCM, Python with SimpleITK.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/dicom/slice.h"

namespace lungrt::io {

/// Decoder of compressed pixels. Several threads use one at the same time.
class Codec {
 public:
  virtual ~Codec() = default;
  /// Decodes the pixels of one image.
  /// \param file  a DICOM file with that image alone; see frame_file()
  /// \return `pixels` values as they are stored: not rescaled
  /// \throws Error kIo  if the pixels cannot be decoded
  virtual std::vector<std::int64_t> decode(const DicomSlice& slice, std::string file,
                                           std::int64_t pixels) const = 0;
};

}  // namespace lungrt::io
