/// Errors about pixels that were decoded.
#pragma once

#include <cstdint>
#include <string>

#include "io/dicom/slice.h"

namespace lungrt::io {

/// Reports Hounsfield units beyond int16.
/// \throws Error kBadVolume
[[noreturn]] void refuse_beyond(const DicomSlice& slice, double value);

/// Reports pixels that cannot be decoded.
/// \throws Error kIo
[[noreturn]] void refuse_undecodable(const DicomSlice& slice, const std::string& reason);

}  // namespace lungrt::io
