#include "io/decompressor.h"

#include <algorithm>
#include <array>

namespace lungrt::io {

std::uint64_t Decompressor::skip(std::uint64_t bytes) {
  std::array<char, 1 << 14> forgotten;
  std::uint64_t done = 0;
  while (done < bytes) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes - done, forgotten.size()));
    const std::size_t found = read(forgotten.data(), wanted);
    done += found;
    if (found < wanted) break;
  }
  return done;
}

}  // namespace lungrt::io
