#include "io/dicom/jpeg.h"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace lungrt::io {
namespace {

constexpr std::string_view kStart("\xFF\xD8", 2), kEnd("\xFF\xD9", 2);
constexpr std::string_view kCodeStream("\xFF\x4F\xFF\x51", 4);
constexpr std::size_t kSizesEnd = 43;  // offset after the sizes in a code stream
constexpr int kScan = 0xDA;            // marker before the pixels

/// "1 sample", "3 samples".
std::string samples_of(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " sample" : " samples");
}

/// Whether a marker begins a frame header: SOF0 to SOF15, which leave out three codes, and the one
/// of JPEG-LS.
bool is_frame(int marker) {
  return marker == 0xF7 ||
         (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
}

/// Whether a marker may occur in a header and is followed by a length.
bool has_length(int marker) { return marker >= 0xC0 && (marker < 0xD0 || marker > 0xD9); }

/// \return number of bits of a pixel
int require_frame(std::string_view segment, int rows, int columns) {
  if (segment.size() < 8) throw std::runtime_error("their header is incomplete");
  const auto byte = [&](std::size_t at) { return int{static_cast<unsigned char>(segment[at])}; };
  const int bits = byte(2), height = byte(3) << 8 | byte(4), width = byte(5) << 8 | byte(6);
  if (bits < 2 || bits > 16 || height != rows || width != columns || byte(7) != 1) {
    throw std::runtime_error("their header says " + std::to_string(height) + " x " +
                             std::to_string(width) + " pixels with " + samples_of(byte(7)) +
                             " of " + std::to_string(bits) + " bits, the file's says " +
                             std::to_string(rows) + " x " + std::to_string(columns) +
                             " with 1 sample of 2 to 16 bits");
  }
  return bits;
}

}  // namespace

int validate_jpeg(std::string_view data, int rows, int columns) {
  if (data.substr(0, 2) != kStart) throw std::runtime_error("they do not begin like JPEG data");
  const auto byte = [&](std::size_t at) { return int{static_cast<unsigned char>(data[at])}; };
  int bits = 0;  // of the frame header, once it was there
  for (std::size_t at = 2; at + 4 <= data.size();) {
    const int marker = byte(at + 1);
    if (byte(at) != 0xFF) break;
    if (marker == 0xFF) {  // any number of fill bytes may precede a marker
      ++at;
      continue;
    }
    if (!has_length(marker)) break;
    const std::size_t bytes = static_cast<std::size_t>(byte(at + 2) << 8 | byte(at + 3));
    if (bytes < 2 || at + 2 + bytes > data.size()) break;
    if (is_frame(marker)) {
      bits = require_frame(data.substr(at + 2, bytes), rows, columns);
    }
    at += 2 + bytes;
    if (marker != kScan) continue;
    if (bits == 0) break;
    if (data.find(kEnd, at) == std::string_view::npos) {
      throw std::runtime_error("their end is missing");
    }
    return bits;
  }
  throw std::runtime_error("their header is incomplete");
}

int validate_jpeg_2000(std::string_view data, int rows, int columns) {
  if (data.substr(0, kCodeStream.size()) != kCodeStream) return 0;
  if (data.size() < kSizesEnd) throw std::runtime_error("their header is incomplete");
  const auto number = [&](std::size_t at, int bytes) {
    std::int64_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      value = value << 8 | static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]);
    }
    return value;
  };
  // End of the image minus its offset.
  const std::int64_t width = number(8, 4) - number(16, 4), height = number(12, 4) - number(20, 4);
  const std::int64_t samples = number(40, 2);
  if (height != rows || width != columns || samples != 1) {
    throw std::runtime_error("their header says " + std::to_string(height) + " x " +
                             std::to_string(width) + " pixels with " + samples_of(samples) +
                             ", the file's says " + std::to_string(rows) + " x " +
                             std::to_string(columns) + " with 1 sample");
  }
  return static_cast<int>(number(42, 1) & 0x7F) + 1;
}

void require_end(std::string_view data) {
  const std::size_t last = data.find_last_not_of('\0');  // fragments are padded
  if (last == std::string_view::npos || last < 1 || data.substr(last - 1, 2) != kEnd) {
    throw std::runtime_error("their end is missing");
  }
}

}  // namespace lungrt::io
