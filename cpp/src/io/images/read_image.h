/// Image files: MetaImage, NIfTI, NRRD.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lungrt/volume.h"

namespace lungrt::io {

/// Reads a volume from an image file, whose suffix, in any case, tells its format; see read_ct.
/// \param path  file, or one of the two of a NIfTI pair (.hdr, .img)
CtVolume read_image(const std::filesystem::path& path);

/// Suffixes of the image files that can be read, in lower case. Of files that belong together, only
/// that of the header is among them, so that a folder's images are counted once.
std::vector<std::string> image_suffixes();

}  // namespace lungrt::io
