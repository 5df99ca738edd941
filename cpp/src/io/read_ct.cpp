#include "io/read_ct.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "io/dicom/series_folder.h"
#include "io/files.h"
#include "io/images/read_image.h"
#include "io/workers.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

bool is_zip(const std::filesystem::path& path) {
  std::array<char, 4> start{};
  const InputFile file(path);
  return file.read_at(0, start.data(), start.size()) == start.size() &&
         std::string(start.data(), start.size()) == "PK\3\4";
}

/// Whether the name of a file says that it is an image, so that its content need not be looked at.
bool has_image_suffix(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const std::vector<std::string> suffixes = image_suffixes();
  return std::any_of(suffixes.begin(), suffixes.end(), [&](const std::string& suffix) {
    return name.size() > suffix.size() &&
           name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
  });
}

CtVolume read(const std::filesystem::path& path, const ReadOptions& options, const Codec& codec) {
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(path, failure);
  if (std::filesystem::is_directory(status)) return read_series(path, options, codec);
  if (!std::filesystem::exists(status)) {
    throw Error(
        ErrorCode::kIo,
        path.string() + ": no such file or folder; expected a DICOM folder or an image file");
  }
  if (is_zip(path)) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() +
                    ": a zip archive, which this library does not open (the lungrt "
                    "command and Python package do); unpack it and give the folder");
  }
  if (!has_image_suffix(path) && is_dicom(path)) return read_series(path, options, codec);
  if (options.series || options.resample) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() +
                    ": series and resample are for DICOM folders and files, but this "
                    "is an image file");
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
