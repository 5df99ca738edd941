/// Reading the voxels of an image file as they are stored, whatever their encoding.
#pragma once

#include <filesystem>
#include <memory>

#include "io/images/header.h"

namespace lungrt::io {

/// Reads the voxels of an image, and checks that its files hold neither fewer nor more.
/// \param path    of the header, for messages
/// \param header  whose shape has been checked
/// \return header.shape.voxels() values of header.type, in the byte order that the header says
/// \throws Error kIo         if a file cannot be read, is truncated or damaged
/// \throws Error kBadVolume  if a file holds more than the header says
std::shared_ptr<void> read_voxel_data(const std::filesystem::path& path, const ImageHeader& header);

}  // namespace lungrt::io
