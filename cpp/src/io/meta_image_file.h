/// Completeness of MetaImage files: ITK's reader leaves missing voxels uninitialised.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// Checks that a MetaImage file is complete and its encoding is supported.
/// \param bytes  size of the voxels, according to the header
/// \throws Error kIo         for fewer bytes, or damaged compressed data
/// \throws Error kBadVolume  for voxels that are stored as text or in one file per slice
void require_complete_meta_image(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace lungrt::io
