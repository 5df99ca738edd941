#include "io/read_ct.h"

#include <new>
#include <system_error>

#include "io/dicom/series_folder.h"
#include "io/images/read_image.h"
#include "io/workers.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

CtVolume read(const std::filesystem::path& path, const ReadOptions& options, const Codec& codec) {
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(path, failure);
  if (std::filesystem::is_directory(status)) return read_series(path, options, codec);
  if (!std::filesystem::exists(status)) {
    throw Error(
        ErrorCode::kIo,
        path.string() + ": no such file or folder; expected a DICOM folder or an image file");
  }
  if (options.series || options.resample) {
    throw Error(
        ErrorCode::kInvalidArgument,
        path.string() + ": series and resample are for DICOM folders, but this is a single file");
  }
  return read_image(path);
}

}  // namespace

CtVolume read_ct(const std::filesystem::path& path, const ReadOptions& options,
                 const Codec& codec) {
  reading_threads(options.threads);  // an invalid number is an error for any path
  try {
    return read(path, options, codec);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, path.string() + ": not enough memory to read it");
  }
}

}  // namespace lungrt::io
