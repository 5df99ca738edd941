/// A file in memory, for code that takes only paths.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "check.h"

namespace lungrt::fuzz {

/// A file in memory that has a name, in a folder of its own.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(::memfd_create(name, MFD_CLOEXEC)) {
    std::string folder = std::filesystem::temp_directory_path() / "lungrt-fuzz-XXXXXX";
    check(descriptor_ >= 0 && ::mkdtemp(folder.data()) != nullptr, "a file for the input");
    folder_ = folder;
    path_ = folder_ / name;
    std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(descriptor_), path_);
  }
  ~MemoryFile() {
    std::filesystem::remove_all(folder_);
    ::close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(std::string_view content) const {
    const auto size = static_cast<ssize_t>(content.size());
    check(::ftruncate(descriptor_, size) == 0 &&
              ::pwrite(descriptor_, content.data(), content.size(), 0) == size,
          "memory for the input");
  }

 private:
  int descriptor_;
  std::filesystem::path folder_, path_;
};

}  // namespace lungrt::fuzz
