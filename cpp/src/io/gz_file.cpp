#include "io/gz_file.h"

#include <itk_zlib.h>

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
              path.string() + ": truncated or damaged (" + reason + "); fetch it anew");
}

}  // namespace

std::int64_t read_gz_file(const std::filesystem::path& path,
                          const std::function<void(std::string_view)>& sink) {
  const std::unique_ptr<std::remove_pointer_t<gzFile>, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) refuse_damaged(path, "it cannot be opened");
  std::vector<char> chunk(kChunkBytes);
  std::int64_t found = 0;
  int bytes = 0;
  while ((bytes = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()))) > 0) {
    if (sink) sink({chunk.data(), static_cast<std::size_t>(bytes)});
    found += bytes;
  }
  int status = Z_OK;
  const char* message = gzerror(file.get(), &status);  // a checksum, or an end that is too early
  if (status != Z_OK && status != Z_STREAM_END) refuse_damaged(path, message);
  return found;
}

}  // namespace lungrt::io
