/// Files as bytes, with errors in the library's words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace lungrt::io {

/// A file that is open for reading.
class InputFile {
 public:
  /// \throws Error kIo  where it cannot be opened
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// \throws Error kIo
  std::uint64_t size() const;
  /// \return how many bytes were read: fewer than asked for at the end of the file
  /// \throws Error kIo
  std::size_t read_at(std::uint64_t offset, void* target, std::size_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace lungrt::io
