/// Images in files: MetaImage, NIfTI, NRRD.
#pragma once

#include <filesystem>

#include "lungrt/volume.h"

namespace lungrt::io {

/// Reads a volume from an image file; see read_ct.
CtVolume read_image(const std::filesystem::path& path);

/// Reads a file that was just written: not every writer tells of a full disk.
/// \throws Error kIo  where something of it is missing
void validate_image_file(const std::filesystem::path& path);

}  // namespace lungrt::io
