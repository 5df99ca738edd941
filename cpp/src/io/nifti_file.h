/// Whether a NIfTI file is all there: its readers fill what is missing with zeros.
#pragma once

#include <filesystem>

namespace lungrt::io {

/// Reads a file to its end, checking the checksum where it is compressed.
/// \throws Error kIo  for fewer bytes than the header promises, or damaged compressed data
void require_complete_nifti(const std::filesystem::path& path);

}  // namespace lungrt::io
