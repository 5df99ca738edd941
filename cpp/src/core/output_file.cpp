#include "lungrt/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

namespace lungrt {
namespace {

namespace fs = std::filesystem;

std::string random_digits() {
  std::random_device random;
  std::array<char, 17> digits;
  std::snprintf(digits.data(), digits.size(), "%08x%08x", random(), random());
  return digits.data();
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) {
    throw Error(ErrorCode::kIo,
                path + ": cannot be written (it is a folder; expected the name of a file)");
  }
  const fs::path target = fs::weakly_canonical(path, failure);
  target_ = failure ? path : target.string();
  const fs::path place(target_);
  const fs::path folder = place.parent_path();
  aside_ = folder / (".lungrt-new-" + random_digits() + "." + place.filename().string());
  // The system applies the permissions of any other new file, and never opens one that exists.
  descriptor_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
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
