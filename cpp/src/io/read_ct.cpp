/// Reading of CTs of any kind.

#include <gdcmVersion.h>
#include <itkVersion.h>

#include <filesystem>
#include <new>
#include <system_error>

#include "io/dicom/series_folder.h"
#include "io/gdcm_codec.h"
#include "io/image_file.h"
#include "lungrt/error.h"
#include "lungrt/io.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;

CtVolume read(const fs::path& path, const ReadOptions& options) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (fs::is_directory(status)) return io::read_series(path, options, io::gdcm_codec());
  if (!fs::exists(status)) {
    throw Error(
        ErrorCode::kIo,
        path.string() + ": no such file or folder; expected a DICOM folder or an image file");
  }
  if (options.series || options.resample) {
    throw Error(
        ErrorCode::kInvalidArgument,
        path.string() + ": series and resample are for DICOM folders, but this is a single file");
  }
  return io::read_image(path);
}

}  // namespace

CtVolume read_ct(const std::string& path, const ReadOptions& options) {
  io::reading_threads(options.threads);  // an invalid number is an error for any path
  try {
    return read(path, options);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, path + ": not enough memory to read it");
  }
}

std::vector<SeriesInfo> list_series(const std::string& folder) {
  return io::list_series(folder, {}, io::gdcm_codec());
}

std::map<std::string, std::string> reader_versions() {
  return {{"GDCM", gdcm::Version::GetVersion()}, {"ITK", itk::Version::GetITKVersion()}};
}

}  // namespace lungrt
