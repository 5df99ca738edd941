#include "core/bundle/read_file.h"

#include <fstream>
#include <system_error>

#include "lungrt/error.h"

namespace lungrt {

std::string read_file(const std::filesystem::path& file, std::uintmax_t most) {
  std::error_code failure;
  const std::uintmax_t bytes = std::filesystem::file_size(file, failure);
  if (failure) {
    throw Error(ErrorCode::kIo, "cannot read " + file.string() + ": " + failure.message());
  }
  if (bytes > most) {
    throw Error(ErrorCode::kBadBundle, file.string() + ": " + std::to_string(bytes) +
                                           " bytes are too many for such a file, expected at "
                                           "most " +
                                           std::to_string(most));
  }
  std::ifstream stream(file, std::ios::binary);
  std::string content(static_cast<std::size_t>(bytes), '\0');
  if (!stream.read(content.data(), static_cast<std::streamsize>(bytes))) {
    throw Error(ErrorCode::kIo,
                "cannot read " + file.string() + "; check that you have permission to read it");
  }
  return content;
}

}  // namespace lungrt
