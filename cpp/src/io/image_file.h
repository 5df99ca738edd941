/// Image files: MetaImage, NIfTI, NRRD.
#pragma once

#include <filesystem>

#include "lungrt/volume.h"

namespace lungrt::io {

/// Reads a volume from an image file; see read_ct.
CtVolume read_image(const std::filesystem::path& path);

/// Checks that an image file that was just written is complete: not every writer reports a full
/// disk.
/// \throws Error kIo  if a part of it is missing
void validate_image_file(const std::filesystem::path& path);

}  // namespace lungrt::io
