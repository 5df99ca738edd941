/// Reading CTs and writing masks: the component `io` (`lungrt::io`), through GDCM and ITK.
///
/// It is a library of its own, so that an application that has voxels already links neither.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"

namespace lungrt {

/// How a CT is read.
struct ReadOptions {
  /// UID of the series to take where a folder holds several; list_series() lists them.
  std::optional<std::string> series;
  /// Make a regular volume of a series with irregular, missing or repeated slices instead of
  /// refusing it; the volume's notes, and so the report, say what was done.
  bool resample = false;
  int threads = 0;  ///< that read files; 0: every processor this process may use, 8 at most
  /// Asked between files, by one thread at a time; true ends the reading with Error kCancelled.
  std::function<bool()> cancelled;
};

/// Reads a CT from a DICOM folder or an image file.
/// \param path  folder with the slices of a DICOM series (sub-folders are not searched, files that
///              are not DICOM are ignored), or a file .mhd, .mha, .nii, .nii.gz, .nrrd or .nhdr
/// \return int16 Hounsfield units (slices, rows, columns), slices ascending along their normal
/// \throws Error kIo               for a path that does not exist, or a damaged file
/// \throws Error kBadVolume        for slices or an image that make no regular CT volume
/// \throws Error kInvalidArgument  for several series where none of them is chosen, a kind of file
///                                 that is not supported, or a negative number of threads
/// \throws Error kOutOfMemory      for a volume that does not fit
/// \throws Error kCancelled        when asked to
LUNGRT_API CtVolume read_ct(const std::string& path, const ReadOptions& options = {});

/// One series of a DICOM folder.
struct SeriesInfo {
  std::string uid;
  std::string modality;
  std::string description;
  std::int64_t slices = 0;
};

/// The series of a DICOM folder, by UID.
/// \throws Error kIo         for a folder that does not exist, or a damaged DICOM file
/// \throws Error kBadVolume  for a folder without DICOM images
LUNGRT_API std::vector<SeriesInfo> list_series(const std::string& folder);

/// Makes the folder that masks are to be written to, before the work.
/// \throws Error kIo  where it cannot be made or written to
LUNGRT_API void make_mask_folder(const std::string& folder);

/// Writes what a run saw, in the CT's geometry: `lung_field` (uint8, 1 where candidates are kept),
/// `nodule_mask` (uint8, 1 in the components of all candidates, after erosion) and `labels` (int32,
/// k for the candidate at position k - 1 of Report::candidates). Each file is written aside and
/// renamed, so an older one is never half replaced.
/// \param folder  made where it does not exist
/// \param report  of a run with RunOptions::keep_masks
/// \param format  nii.gz, nrrd or mha
/// \return the three files
/// \throws Error kInvalidArgument  for a report without masks, or another format
/// \throws Error kIo               where a file cannot be written
LUNGRT_API std::vector<std::string> write_masks(const std::string& folder, const Report& report,
                                                const std::string& format = "nii.gz");

/// Versions of what reads files, by name: GDCM and ITK.
LUNGRT_API std::map<std::string, std::string> reader_versions();

}  // namespace lungrt
