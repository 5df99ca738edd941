/// The public functions of lungrt::io.

#include "lungrt/io.h"

#include <gdcmVersion.h>
#include <zlib.h>

#include <new>

#include "io/dicom/series_folder.h"
#include "io/dicom/series_text.h"
#include "io/gdcm_codec.h"
#include "io/masks.h"
#include "io/read_ct.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt {

CtVolume read_ct(const std::string& path, const ReadOptions& options) {
  return io::read_ct(path, options, io::gdcm_codec());
}

std::vector<SeriesInfo> list_series(const std::string& path) {
  try {
    return io::list_series(path, {});
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, path + ": not enough memory to list its series");
  }
}

std::string to_string(const SeriesInfo& series) { return io::line(series); }

void make_mask_folder(const std::string& folder) { io::make_mask_folder(folder); }

std::vector<std::string> write_masks(const std::string& folder, const Report& report,
                                     const std::string& format) {
  std::vector<std::string> paths;
  try {
    for (const std::filesystem::path& path : io::write_masks(folder, report, format)) {
      paths.push_back(path.string());
    }
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, folder + ": not enough memory to write masks");
  }
  return paths;
}

std::string printable(const std::string& text) { return io::printable_lines(text); }

std::map<std::string, std::string> reader_versions() {
  return {{"GDCM", gdcm::Version::GetVersion()}, {"zlib", zlibVersion()}};
}

}  // namespace lungrt
