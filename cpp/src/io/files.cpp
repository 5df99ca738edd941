#include "io/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "lungrt/error.h"

namespace lungrt::io {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw Error(ErrorCode::kIo,
              path.string() + ": cannot be read (" + std::generic_category().message(errno) + ")");
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) refuse(path_);
}

InputFile::~InputFile() { ::close(descriptor_); }

FileVersion InputFile::version() const {
  struct stat status{};
  ::fstat(descriptor_, &status);  // cannot fail for an open file
  return {static_cast<std::uint64_t>(status.st_ino), static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

std::size_t InputFile::read_at(std::uint64_t offset, void* target, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t part = ::pread(descriptor_, static_cast<char*>(target) + done, bytes - done,
                                 static_cast<off_t>(offset + done));
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) refuse(path_);
    if (part == 0) break;
    done += static_cast<std::size_t>(part);
  }
  return done;
}

}  // namespace lungrt::io
