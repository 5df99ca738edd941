#include "output_file.h"

#include <lungrt/error.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace lungrt::cli {
namespace {

mode_t umask_of_process() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

}  // namespace

OutputFile::OutputFile(std::filesystem::path path, const std::vector<std::string>& suffixes)
    : path_(std::move(path)) {
  if (std::find(suffixes.begin(), suffixes.end(), suffix()) == suffixes.end()) {
    std::string known;
    for (const std::string& one : suffixes) known += (known.empty() ? "" : " or ") + one;
    throw Error(ErrorCode::kInvalidArgument,
                path_.string() + ": unknown kind of output; expected " + known);
  }
  if (std::filesystem::is_directory(path_)) {
    throw Error(ErrorCode::kIo, path_.string() + ": is a folder; expected the name of a file");
  }
  aside_ = path_.parent_path() / ("." + path_.filename().string() + ".XXXXXX");
  descriptor_ = ::mkstemp(aside_.data());
  if (descriptor_ < 0) refuse();
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!aside_.empty()) ::unlink(aside_.c_str());
}

std::string OutputFile::suffix() const {
  std::string result = path_.extension().string();
  std::transform(result.begin(), result.end(), result.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return result;
}

void OutputFile::write(const std::string& content) {
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t part = ::write(descriptor_, content.data() + done, content.size() - done);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) refuse();
    done += static_cast<std::size_t>(part);
  }
  // The temporary file is private to the user; give it the permissions of any other new file.
  if (::fchmod(descriptor_, 0666 & ~umask_of_process()) != 0) refuse();
  if (::close(std::exchange(descriptor_, -1)) != 0) refuse();
  if (::rename(aside_.c_str(), path_.c_str()) != 0) refuse();
  aside_.clear();
}

void OutputFile::refuse() const {
  throw Error(ErrorCode::kIo, path_.string() + ": cannot be written (" +
                                  std::generic_category().message(errno) + ")");
}

}  // namespace lungrt::cli
