/// A file in memory, for code that takes only paths.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include "check.h"

namespace lungrt::fuzz {

/// A file in memory that has one or several names, in a folder of its own.
class MemoryFile {
 public:
  explicit MemoryFile(std::initializer_list<const char*> names)
      : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    std::string folder = std::filesystem::temp_directory_path() / "lungrt-fuzz-XXXXXX";
    check(descriptor_ >= 0 && ::mkdtemp(folder.data()) != nullptr, "a file for the input");
    folder_ = folder;
    for (const char* name : names) {
      std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(descriptor_), path(name));
    }
  }
  ~MemoryFile() {
    std::filesystem::remove_all(folder_);
    ::close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  void write(std::string_view content) const {
    const auto size = static_cast<ssize_t>(content.size());
    check(::ftruncate(descriptor_, size) == 0 &&
              ::pwrite(descriptor_, content.data(), content.size(), 0) == size,
          "memory for the input");
  }

 private:
  int descriptor_;
  std::filesystem::path folder_;
};

}  // namespace lungrt::fuzz
