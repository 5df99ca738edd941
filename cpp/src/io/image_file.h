/// Volumes in image files: MetaImage, NIfTI, NRRD.
#pragma once

#include <filesystem>

#include "lungrt/volume.h"

namespace lungrt::io {

/// Reads a volume from an image file; see read_ct.
CtVolume read_image(const std::filesystem::path& path);

}  // namespace lungrt::io
