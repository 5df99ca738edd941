/// Whether the voxels of an NRRD header are all there: its reader leaves their file open where they
/// are not.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// Voxels that lie in the header's own file are left to the reader.
/// \param bytes  of the voxels, by the header
/// \throws Error kIo         for fewer bytes, or damaged compressed data
/// \throws Error kBadVolume  for voxels in several files, of text, or after lines to be skipped
void require_complete_nrrd(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace lungrt::io
