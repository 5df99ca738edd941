/// Completeness of NIfTI files: readers fill missing voxels with zeros.
#pragma once

#include <filesystem>

namespace lungrt::io {

/// Reads a file to its end and verifies its checksum if it is compressed.
/// \throws Error kIo  for fewer bytes than the header specifies, or damaged compressed data
void require_complete_nifti(const std::filesystem::path& path);

}  // namespace lungrt::io
