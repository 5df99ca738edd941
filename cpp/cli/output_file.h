/// Output file of a command.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lungrt::cli {

/// Output file that is written under a temporary name and renamed when it is complete. If anything
/// goes wrong before, an error or Ctrl-C, the folder stays as it was, including an existing file of
/// that name.
class OutputFile {
 public:
  /// Opens the temporary file, so that errors show before the work and not after it.
  /// \throws Error kInvalidArgument  if the name has none of the suffixes
  /// \throws Error kIo               if no file can be written there
  OutputFile(std::filesystem::path path, const std::vector<std::string>& suffixes);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string suffix() const;  ///< in lower case

  /// Writes the whole content and renames the file. May be called once.
  /// \throws Error kIo
  void write(const std::string& content);

 private:
  [[noreturn]] void refuse() const;

  std::filesystem::path path_;
  std::string aside_;
  int descriptor_ = -1;
};

}  // namespace lungrt::cli
