#include "io/jpeg.h"

#include <stdexcept>
#include <string>

namespace lungrt::io {
namespace {

constexpr std::string_view kStart("\xFF\xD8", 2), kEnd("\xFF\xD9", 2);
constexpr int kScan = 0xDA;  // the marker before the pixels

/// Whether a marker begins the header of a frame: SOF0 to SOF15, which are not three others between
/// them, and that of JPEG-LS.
bool is_frame(int marker) {
  return marker == 0xF7 ||
         (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
}

/// Whether a marker may stand in a header, with the length of what follows.
bool has_length(int marker) { return marker >= 0xC0 && (marker < 0xD0 || marker > 0xD9); }

void require_frame(std::string_view segment, int rows, int columns) {
  if (segment.size() < 8) throw std::runtime_error("their header is not whole");
  const auto byte = [&](std::size_t at) { return int{static_cast<unsigned char>(segment[at])}; };
  const int bits = byte(2), height = byte(3) << 8 | byte(4), width = byte(5) << 8 | byte(6);
  if (bits < 2 || bits > 16 || height != rows || width != columns || byte(7) != 1) {
    throw std::runtime_error("their header says " + std::to_string(height) + " x " +
                             std::to_string(width) + " pixels of " + std::to_string(byte(7)) +
                             " x " + std::to_string(bits) + " bits, the file's " +
                             std::to_string(rows) + " x " + std::to_string(columns) + " of one");
  }
}

}  // namespace

void require_whole_jpeg(std::string_view data, int rows, int columns) {
  if (data.substr(0, 2) != kStart) throw std::runtime_error("they do not begin as JPEG does");
  const auto byte = [&](std::size_t at) { return int{static_cast<unsigned char>(data[at])}; };
  bool has_frame = false;
  for (std::size_t at = 2; at + 4 <= data.size();) {
    const int marker = byte(at + 1);
    if (byte(at) != 0xFF) break;
    if (marker == 0xFF) {  // any number of them may precede a marker
      ++at;
      continue;
    }
    if (!has_length(marker)) break;
    const std::size_t bytes = static_cast<std::size_t>(byte(at + 2) << 8 | byte(at + 3));
    if (bytes < 2 || at + 2 + bytes > data.size()) break;
    if (is_frame(marker)) {
      require_frame(data.substr(at + 2, bytes), rows, columns);
      has_frame = true;
    }
    at += 2 + bytes;
    if (marker != kScan) continue;
    if (!has_frame) break;
    if (data.find(kEnd, at) == std::string_view::npos) {
      throw std::runtime_error("they end too early");
    }
    return;
  }
  throw std::runtime_error("their header is not whole");
}

}  // namespace lungrt::io
