/// Whether a MetaImage file is all there: its reader leaves what is missing as it was.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// \param bytes  of the voxels, by the header
/// \throws Error kIo         for fewer bytes, or damaged compressed data
/// \throws Error kBadVolume  for voxels that are written as text
void require_complete_meta_image(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace lungrt::io
