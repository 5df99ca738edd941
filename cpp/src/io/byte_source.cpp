#include "io/byte_source.h"

#include <algorithm>

namespace lungrt::io {

std::string_view FileWindow::bytes(std::uint64_t offset, std::size_t count) {
  constexpr std::size_t kWindow = 16 << 10;  // holds the tags of most slices
  if (offset >= size()) return {};
  if (offset < first_ || offset + count > first_ + window_.size()) {
    window_.resize(std::max(count, kWindow));
    window_.resize(file_.read_at(offset, window_.data(), window_.size()));
    first_ = offset;
  }
  return std::string_view(window_).substr(static_cast<std::size_t>(offset - first_), count);
}

}  // namespace lungrt::io
