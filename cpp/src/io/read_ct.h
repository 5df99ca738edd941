/// Reading of CTs of any kind, with a decoder for compressed DICOM pixels.
#pragma once

#include <filesystem>

#include "io/dicom/codec.h"
#include "lungrt/io.h"

namespace lungrt::io {

/// Reads a CT from a DICOM folder or an image file; see lungrt::read_ct.
CtVolume read_ct(const std::filesystem::path& path, const ReadOptions& options, const Codec& codec);

}  // namespace lungrt::io
