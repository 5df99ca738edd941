/// Image files: MetaImage, NIfTI-1, NRRD.
#pragma once

#include <filesystem>

#include "lungrt/volume.h"

namespace lungrt::io {

/// Reads a volume from an image file, whose suffix tells its format; see read_ct.
CtVolume read_image(const std::filesystem::path& path);

}  // namespace lungrt::io
