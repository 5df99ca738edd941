/// Bytes compressed by zlib.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

namespace lungrt::testing {

inline std::string compressed(const std::string& content) {
  uLongf size = compressBound(content.size());
  std::string result(size, '\0');
  compress(reinterpret_cast<Bytef*>(result.data()), &size,
           reinterpret_cast<const Bytef*>(content.data()), content.size());
  result.resize(size);
  return result;
}

/// Bytes compressed by gzip, which differs in its header and trailer.
inline std::string gzipped(const std::string& content) {
  const std::string stream = compressed(content);
  std::string result{"\x1f\x8b\x08\0\0\0\0\0\0\x03", 10};
  result += stream.substr(2, stream.size() - 6);
  const auto append = [&](std::uint64_t value) {
    for (int byte = 0; byte < 4; ++byte) result += static_cast<char>(value >> (8 * byte));
  };
  append(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  append(content.size());
  return result;
}

}  // namespace lungrt::testing
