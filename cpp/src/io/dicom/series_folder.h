/// DICOM series in a folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/dicom/codec.h"
#include "io/dicom/slice.h"
#include "io/workers.h"
#include "lungrt/io.h"

namespace lungrt::io {

/// Finds the slices of a folder by series UID, sorted by UID and by file name.
/// \throws Error kIo, kBadVolume  see list_series
std::map<std::string, std::vector<DicomSlice>> find_series(const std::filesystem::path& folder,
                                                           const Workers& workers);

/// Lists the series of a folder; see lungrt::list_series.
/// \param options  threads and cancelled are used
std::vector<SeriesInfo> list_series(const std::filesystem::path& folder,
                                    const ReadOptions& options);

/// Description of a series in one line.
std::string line(const SeriesInfo& info);

/// Reads one series of a folder; see read_ct.
CtVolume read_series(const std::filesystem::path& folder, const ReadOptions& options,
                     const Codec& codec);

}  // namespace lungrt::io
