/// Reading a DICOM series: the choice between those that a folder holds.
#pragma once

#include <filesystem>
#include <vector>

#include "io/dicom/codec.h"
#include "lungrt/io.h"

namespace lungrt::io {

/// Whether a file is a DICOM image or a DICOMDIR, by its content or, for the latter, its name.
/// \throws Error kIo  if it is a damaged slice of a CT
bool is_dicom(const std::filesystem::path& file);

/// Lists the series of a folder, or of the folder of a file; see lungrt::list_series.
/// \param options  threads and cancelled are used
/// \param below    whether to search the folders in a folder as well
std::vector<SeriesInfo> list_series(const std::filesystem::path& path, const ReadOptions& options,
                                    bool below = true);

/// Reads one series of a folder, or that of a file; see read_ct.
CtVolume read_series(const std::filesystem::path& path, const ReadOptions& options,
                     const Codec& codec);

}  // namespace lungrt::io
