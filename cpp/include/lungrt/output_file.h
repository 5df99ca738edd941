/// Output files that appear when they are complete.
#pragma once

#include <string>
#include <string_view>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// A file that is written beside its place, under a name that begins with `.lungrt-new-`, and
/// renamed when it is complete. If anything goes wrong before, nothing is left behind, and an
/// existing file stays as it was.
class LUNGRT_API OutputFile {
 public:
  /// Creates the file under its other name, so that errors show before the work and not after it.
  /// \param path  the file to write; symbolic links are followed, also to a new file
  /// \throws Error kIo  if no file can be written there, or there is a folder, device or pipe
  explicit OutputFile(const std::string& path);
  /// Removes the file unless it was committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Appends to the file.
  /// \throws Error kIo
  void write(std::string_view bytes);

  /// Writes everything to disk and renames the file. Called once, at the end.
  /// \throws Error kIo
  void commit();

 private:
  [[noreturn]] void fail() const;

  std::string path_;    ///< as given, for messages
  std::string target_;  ///< where the file goes
  std::string aside_;   ///< empty once it is there
  int descriptor_ = -1;
};

}  // namespace lungrt
