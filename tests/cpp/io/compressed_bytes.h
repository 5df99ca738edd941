/// Bytes as zlib compresses them.
#pragma once

#include <itk_zlib.h>

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

}  // namespace lungrt::testing
