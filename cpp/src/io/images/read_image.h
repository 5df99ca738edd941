/// Image files: MetaImage, NIfTI-1, NRRD.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lungrt/volume.h"

namespace lungrt::io {

/// Reads a volume from an image file, whose suffix tells its format; see read_ct.
CtVolume read_image(const std::filesystem::path& path);

/// Suffixes of the image files that can be read.
std::vector<std::string> image_suffixes();

}  // namespace lungrt::io
