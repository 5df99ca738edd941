/// The series of a DICOM folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/dicom_slice.h"
#include "io/workers.h"
#include "lungrt/io.h"

namespace lungrt::io {

/// Slices by series UID, both in order of their names.
/// \throws Error kIo, kBadVolume  see list_series
std::map<std::string, std::vector<DicomSlice>> find_series(const std::filesystem::path& folder,
                                                           const Workers& workers);

SeriesInfo series_info(const std::string& uid, const std::vector<DicomSlice>& slices);

/// Reads one series of a folder; see read_ct.
CtVolume read_series(const std::filesystem::path& folder, const ReadOptions& options);

}  // namespace lungrt::io
