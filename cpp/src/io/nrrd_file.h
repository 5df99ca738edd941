/// Whether the voxels of an NRRD header are all there: where they are not, its reader leaves their
/// file open and keeps memory.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// \param bytes  of the voxels, by the header
/// \throws Error kIo         for fewer bytes, or damaged compressed data
/// \throws Error kBadVolume  for voxels in several files, of text, or after lines to be skipped
void require_complete_nrrd(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace lungrt::io
