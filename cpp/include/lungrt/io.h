/// Reading CTs and writing masks: the component `io` (`lungrt::io`).
///
/// It is a separate library, so that an application with voxels of its own links neither zlib nor
/// GDCM, which decodes compressed DICOM pixels.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"

namespace lungrt {

/// Options for reading a CT.
struct ReadOptions {
  /// UID of the series to read, needed if several in the folder can be a volume; `UID:PART` if
  /// several parts of it can be. list_series() lists them.
  std::optional<std::string> series;
  /// Resample a series with irregular, missing or repeated slices, or a tilted gantry, to a regular
  /// volume instead of refusing it. The notes of the volume, and of the report, say what was done.
  bool resample = false;
  int threads = 0;  ///< threads that read files; 0: one per available processor, 8 at most
  /// Called between files, by one thread at a time; true ends the reading with Error kCancelled.
  std::function<bool()> cancelled;
};

/// Reads a CT from a DICOM folder or an image file.
///
/// Of a DICOM series, only slices that belong together are read: see split_series(). Localizers,
/// secondary captures and identical copies are left out, and a note names them. If a folder holds
/// several series or parts, the only one that can be a volume is taken, with a note.
/// \param path  folder with the slices of a DICOM series (the folders in it are searched as well,
///              files that are not DICOM are ignored), one file of a series (the series is read
///              from its folder), a DICOMDIR, or a file .mhd, .mha, .nii, .nii.gz, .hdr, .nrrd or
///              .nhdr, in any case
/// \return volume of int16 Hounsfield units (slices, rows, columns), slices ascending along their
///         normal
/// \throws Error kIo               if the path does not exist or a file is damaged
/// \throws Error kBadVolume        if the slices or the image do not form a regular CT volume
/// \throws Error kInvalidArgument  if several series or parts can be a volume and none is chosen,
///                                 for an unsupported file type, or a negative number of threads
/// \throws Error kOutOfMemory      if the volume does not fit into memory
/// \throws Error kCancelled        if `options.cancelled` returned true
LUNGRT_API CtVolume read_ct(const std::string& path, const ReadOptions& options = {});

/// Slices of a series that belong together; see SeriesPart.
struct SeriesPartInfo {
  std::string name;  ///< what chooses it: `UID:PART`, counted from 1
  std::int64_t slices = 0;
  std::string kernel, acquisition, phase;  ///< empty if they are unknown or vary
  std::array<double, 3> spacing_mm{};      ///< (x, y, z) of the voxels; zero if there is a problem
  VolumeShape shape;                       ///< of the volume; zero if there is a problem
  std::string problem;  ///< why the slices are no regular volume; empty if they are one
};

/// One series of a DICOM folder.
struct SeriesInfo {
  std::string uid;
  std::string modality;
  std::string description;
  std::int64_t slices = 0;  ///< number of images
  std::string number;       ///< series number
  std::string patient_id;
  std::vector<SeriesPartInfo> parts;  ///< empty if no image is a slice of a CT
  std::vector<std::string> notes;     ///< what is left out or assumed
  std::string problem;                ///< why the series has no parts; empty if it has
};

/// Lists the series of a DICOM folder, of the folder of a DICOM file, or of a DICOMDIR, sorted by
/// UID.
/// \throws Error kIo         if the path does not exist or a DICOM file is damaged
/// \throws Error kBadVolume  if the folder holds no DICOM images
LUNGRT_API std::vector<SeriesInfo> list_series(const std::string& path);

/// Description of a series in one line, and of its parts, if it has several, in lines of their own.
LUNGRT_API std::string to_string(const SeriesInfo& series);

/// Creates the folder for masks. Call it before a run, so that a folder that cannot be written to
/// is reported before the work is done.
/// \throws Error kIo  if the folder cannot be created or written to
LUNGRT_API void make_mask_folder(const std::string& folder);

/// Writes the masks of a run in the CT's geometry: `lung_field` (uint8, 1 where candidates are
/// kept), `nodule_mask` (uint8, 1 in the components of all candidates, after erosion) and `labels`
/// (int32, k for the candidate at position k - 1 of Report::candidates). Each file is written under
/// a temporary name and then renamed, so an existing file is never left half overwritten.
/// \param folder  created if it does not exist
/// \param report  report of a run with RunOptions::keep_masks
/// \param format  nii.gz, nrrd or mha
/// \return paths of the three files
/// \throws Error kInvalidArgument  for a report without masks, or an unknown format
/// \throws Error kIo               if a file cannot be written
LUNGRT_API std::vector<std::string> write_masks(const std::string& folder, const Report& report,
                                                const std::string& format = "nii.gz");

/// A text as it can be shown on a terminal, which obeys control characters that come from a file or
/// from its name. They are written as "\x1b", but for the ends of lines, and so are characters that
/// turn the direction of a line, and bytes that are not UTF-8.
LUNGRT_API std::string printable(const std::string& text);

/// Versions of the libraries that read files, by name: GDCM and zlib.
LUNGRT_API std::map<std::string, std::string> reader_versions();

}  // namespace lungrt
