#include "io/gz_file.h"

#include <fcntl.h>
#include <itk_zlib.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;

struct Close {
  void operator()(gzFile file) const { gzclose(file); }
};

[[noreturn]] void refuse_damaged(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorCode::kIo,
              path.string() + ": truncated or damaged (" + reason + "); copy or download it again");
}

using GzFile = std::unique_ptr<std::remove_pointer_t<gzFile>, Close>;

GzFile open(const std::filesystem::path& path, std::uint64_t first) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0 && ::lseek(descriptor, static_cast<off_t>(first), SEEK_SET) >= 0) {
    if (GzFile file{gzdopen(descriptor, "rb")}) return file;
  }
  if (descriptor >= 0) ::close(descriptor);
  refuse_damaged(path, "it cannot be opened");
}

}  // namespace

std::int64_t read_gz_file(const std::filesystem::path& path, std::uint64_t first,
                          const std::function<void(std::string_view)>& sink) {
  const GzFile file = open(path, first);
  std::vector<char> chunk(kChunkBytes);
  std::int64_t found = 0;
  int bytes = 0;
  while ((bytes = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()))) > 0) {
    if (sink) sink({chunk.data(), static_cast<std::size_t>(bytes)});
    found += bytes;
  }
  int status = Z_OK;
  const std::string message = gzerror(file.get(), &status);
  if (status != Z_OK && status != Z_STREAM_END) {
    // Most messages have a prefix, as in "<fd:3>: unexpected end of file"; "out of memory" has
    // none.
    const std::size_t colon = message.find(": ");
    refuse_damaged(path, colon == std::string::npos ? message : message.substr(colon + 2));
  }
  return found;
}

}  // namespace lungrt::io
