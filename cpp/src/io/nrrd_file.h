/// Completeness of NRRD files: on missing voxels, ITK's reader leaves the file open and leaks
/// memory.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// Checks that an NRRD file is complete and its encoding is supported.
/// \param bytes  size of the voxels, according to the header
/// \throws Error kIo         for fewer bytes, or damaged compressed data
/// \throws Error kBadVolume  for voxels in several files, stored as text, or after skipped lines
void require_complete_nrrd(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace lungrt::io
