/// Files as bytes, with errors in the library's words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// What tells whether a file is still the one that was looked at before.
struct FileVersion {
  std::uint64_t inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  ///< when it was last written

  bool operator==(const FileVersion&) const = default;
};

/// A file that is open for reading.
class InputFile {
 public:
  /// \throws Error kIo  where it cannot be opened
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  FileVersion version() const;
  /// \return how many bytes were read: fewer than asked for at the end of the file
  /// \throws Error kIo
  std::size_t read_at(std::uint64_t offset, void* target, std::size_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace lungrt::io
