/// Writing image files: MetaImage (.mha), NIfTI-1 (.nii.gz) and NRRD (.nrrd), all compressed.
#pragma once

#include <filesystem>

#include "io/images/header.h"
#include "lungrt/geometry.h"

namespace lungrt::io {

/// Writes an image. The file is written under another name and renamed.
/// \param path    file to write; its suffix selects the format
/// \param voxels  shape.voxels() values of the type
/// \throws Error kIo  if the file cannot be written, or an axis is too long for NIfTI
void write_image(const std::filesystem::path& path, const void* voxels, VoxelType type,
                 const VolumeShape& shape, const Geometry& geometry);

}  // namespace lungrt::io
