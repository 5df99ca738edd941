#include "lungrt/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace lungrt {
namespace {

namespace fs = std::filesystem;

/// The time in nanoseconds, which no two files have.
std::string time_digits() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::array<char, 17> digits;
  std::snprintf(digits.data(), digits.size(), "%016llx",
                static_cast<unsigned long long>(
                    std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()));
  return digits.data();
}

/// Follows links to the place of a file, which need not exist.
fs::path resolved(fs::path path, std::error_code& failure) {
  constexpr int kMostLinks = 40;  // as for the system
  for (int links = 0; fs::is_symlink(fs::symlink_status(path, failure)); ++links) {
    if (links == kMostLinks) {
      failure = std::make_error_code(std::errc::too_many_symbolic_link_levels);
      return path;
    }
    const fs::path next = fs::read_symlink(path, failure);
    if (failure) return path;
    path = path.parent_path() / next;
  }
  const fs::path place = fs::weakly_canonical(path, failure);
  return failure ? path : place;
}

/// Name of the file beside another one that becomes it, of no more bytes than a name can have.
fs::path aside_of(const fs::path& place) {
  constexpr std::size_t kMostBytes = 255;
  const std::string name = ".lungrt-new-" + time_digits() + "." + place.filename().string();
  return place.parent_path() / name.substr(0, kMostBytes);
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  if (path.empty()) {
    throw Error(ErrorCode::kIo, "a file without a name cannot be written; give it a path");
  }
  std::error_code failure;
  const fs::path place = resolved(path, failure);
  if (failure == std::errc::too_many_symbolic_link_levels) {
    errno = ELOOP;
    fail();
  }
  const fs::file_status status = fs::status(place, failure);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorCode::kIo,
                path + ": cannot be written (it is a " +
                    (fs::is_directory(status) ? "folder" : "device, pipe or socket") +
                    "; expected the name of a file)");
  }
  target_ = place.string();
  // The system applies the permissions of any other new file, and never opens one that exists.
  do {
    aside_ = aside_of(place).string();
    descriptor_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) fail();
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!aside_.empty()) ::unlink(aside_.c_str());
}

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t part = ::write(descriptor_, bytes.data(), bytes.size());
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) fail();
    bytes.remove_prefix(static_cast<std::size_t>(part));
  }
}

void OutputFile::commit() {
  // On disk before it is renamed, or a power failure could leave an incomplete file.
  if (::fsync(descriptor_) != 0) fail();
  if (::close(std::exchange(descriptor_, -1)) != 0) fail();
  if (::rename(aside_.c_str(), target_.c_str()) != 0) fail();
  aside_.clear();
}

void OutputFile::fail() const {
  throw Error(ErrorCode::kIo,
              path_ + ": cannot be written (" + std::generic_category().message(errno) + ")");
}

}  // namespace lungrt
