#include "io/write_aside.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "lungrt/error.h"

namespace lungrt::io {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail() { throw std::system_error(errno, std::generic_category()); }

/// A new file. Whether all its bytes could be written is known only after closing it.
class NewFile {
 public:
  explicit NewFile(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) fail();
  }
  ~NewFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail();
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void close() {
    if (::close(std::exchange(descriptor_, -1)) != 0) fail();
  }

 private:
  int descriptor_;
};

}  // namespace

Aside::Aside(const fs::path& path) {
  std::string name = path.parent_path() / ("." + path.filename().string() + ".XXXXXX");
  if (::mkdtemp(name.data()) == nullptr) fail();
  folder_ = name;
}

Aside::~Aside() {
  std::error_code ignored;  // a folder that is left behind does no harm to the results
  fs::remove_all(folder_, ignored);
}

void write_aside(const fs::path& path, std::initializer_list<std::string_view> parts) {
  try {
    const Aside aside(path);
    const fs::path written = aside.folder() / path.filename();
    NewFile file(written);
    for (const std::string_view part : parts) file.write(part);
    file.close();
    fs::rename(written, path);
  } catch (const std::system_error& error) {  // fs::filesystem_error is one
    throw Error(ErrorCode::kIo,
                path.string() + ": cannot be written (" + error.code().message() + ")");
  }
}

}  // namespace lungrt::io
