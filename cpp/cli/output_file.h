/// The file a command was asked to write.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lungrt::cli {

/// Opens a file aside at once and puts it in its place when it has been written. Whatever ends its
/// life before - an error, Ctrl-C - leaves the folder as it was, an older file of that name
/// included.
class OutputFile {
 public:
  /// \throws Error kInvalidArgument  for a suffix other than those
  /// \throws Error kIo  where no file can be written there: before the work and not after it
  OutputFile(std::filesystem::path path, const std::vector<std::string>& suffixes);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string suffix() const;  ///< in lower case

  /// Writes all of the file; called once.
  /// \throws Error kIo
  void write(const std::string& content);

 private:
  [[noreturn]] void refuse() const;

  std::filesystem::path path_;
  std::string aside_;
  int descriptor_ = -1;
};

}  // namespace lungrt::cli
