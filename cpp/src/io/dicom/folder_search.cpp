#include "io/dicom/folder_search.h"

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

#include "lungrt/error.h"

namespace lungrt::io {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 32;  // DICOM media have 8 levels at most

struct Search {
  bool below;
  std::set<fs::path> entered;  ///< without links, which may lead in circles
  std::vector<fs::path> files;

  void enter(const fs::path& folder, int depth) {
    std::error_code failure;
    const fs::path real = fs::canonical(folder, failure);
    if (!failure && !entered.insert(real).second) return;
    if (depth > kDeepest) {
      throw Error(ErrorCode::kIo, folder.string() + ": folders are nested more than " +
                                      std::to_string(kDeepest) +
                                      " deep; give a folder that is nearer to the slices");
    }
    std::vector<fs::path> folders;
    for (fs::directory_iterator item(folder, failure), end; !failure && item != end;
         item.increment(failure)) {
      std::error_code unknown;  // set for a broken link
      if (item->path().filename().string().front() == '.') continue;
      if (item->is_regular_file(unknown)) files.push_back(item->path());
      if (below && item->is_directory(unknown)) folders.push_back(item->path());
    }
    if (failure) {
      throw Error(ErrorCode::kIo,
                  folder.string() + ": cannot be listed (" + failure.message() + ")");
    }
    std::sort(folders.begin(), folders.end());
    for (const fs::path& inner : folders) enter(inner, depth + 1);
  }
};

}  // namespace

std::vector<fs::path> find_files(const fs::path& folder, bool below) {
  Search search{below, {}, {}};
  search.enter(folder, 0);
  std::sort(search.files.begin(), search.files.end());
  return std::move(search.files);
}

}  // namespace lungrt::io
