/// Writing a file so that it is either complete or not there.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string_view>

namespace lungrt::io {

/// Temporary folder beside a file, to write the file in. The destructor removes it.
class Aside {
 public:
  /// \throws std::system_error
  explicit Aside(const std::filesystem::path& path);
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// Writes a file under another name and renames it, so that an existing file is never left half
/// overwritten.
/// \param parts  content of the file, in order
/// \throws Error kIo
void write_aside(const std::filesystem::path& path, std::initializer_list<std::string_view> parts);

}  // namespace lungrt::io
