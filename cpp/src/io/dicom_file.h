/// What a DICOM file's bytes say where its reader (GDCM) fails.
#pragma once

#include <filesystem>

namespace lungrt::io {

/// Tells whether a file that is no readable image looks like a slice of a CT. Folders hold other
/// things beside the slices: notes, structure sets, reports, DICOMDIR.
/// \throws Error kIo  where it cannot be read
bool may_be_ct(const std::filesystem::path& path);

}  // namespace lungrt::io
