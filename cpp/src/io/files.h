/// Reading files as bytes, with the library's errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// Identity of a file's content, to detect that it was changed or replaced.
struct FileVersion {
  std::uint64_t inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  ///< time of the last modification

  bool operator==(const FileVersion&) const = default;
};

/// A file that is open for reading.
class InputFile {
 public:
  /// \throws Error kIo  if it cannot be opened
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  FileVersion version() const;
  /// \return number of bytes that were read, fewer than requested at the end of the file
  /// \throws Error kIo
  std::size_t read_at(std::uint64_t offset, void* target, std::size_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace lungrt::io
