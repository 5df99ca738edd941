#include "backend/onnxruntime/cuda_libraries.h"

#include <dlfcn.h>

#include <algorithm>

namespace lungrt::onnxruntime {
namespace {

namespace fs = std::filesystem;

/// In an order in which each library finds those that it depends on.
constexpr const char* kLibraries[] = {"libcudart.so.", "libnvrtc.so.",  "libcublasLt.so.",
                                      "libcublas.so.", "libcurand.so.", "libcufft.so.",
                                      "libcudnn.so."};

std::vector<fs::path> files_below(const fs::path& packages) {
  std::vector<fs::path> files;
  std::error_code ignored;  // a folder that does not exist has no files
  for (const fs::directory_entry& package : fs::directory_iterator(packages, ignored)) {
    for (const fs::directory_entry& file :
         fs::directory_iterator(package.path() / "lib", ignored)) {
      files.push_back(file.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<std::string> preload_cuda_libraries(const fs::path& runtime) {
  const fs::path site_packages = runtime.parent_path().parent_path().parent_path();
  const std::vector<fs::path> files = files_below(site_packages / "nvidia");
  std::vector<std::string> loaded;
  for (const std::string prefix : kLibraries) {
    for (const fs::path& file : files) {
      const std::string name = file.filename().string();
      if (name.rfind(prefix, 0) != 0) continue;
      if (dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) != nullptr) {
        loaded.push_back(name);
      }
    }
  }
  return loaded;
}

}  // namespace lungrt::onnxruntime
