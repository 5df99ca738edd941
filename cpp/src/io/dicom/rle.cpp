#include "io/dicom/rle.h"

#include <stdexcept>
#include <string>

namespace lungrt::io {
namespace {

constexpr std::size_t kHeader = 64;      // bytes: number of segments and the offsets of 15
constexpr std::size_t kMostBits = 32;    // per pixel that GDCM decodes
constexpr unsigned char kNothing = 128;  // code without data

std::uint64_t number(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Number of bytes that a segment decodes to; counting stops once there are `enough`.
std::uint64_t decoded_size(std::string_view segment, std::uint64_t enough) {
  std::uint64_t size = 0;
  for (std::size_t at = 0; size < enough && at < segment.size();) {
    const auto run = static_cast<unsigned char>(segment[at]);
    const std::size_t stored = run < kNothing ? run + 1U : (run > kNothing ? 1U : 0U);
    if (++at + stored > segment.size()) return size;
    at += stored;
    size += run < kNothing ? run + 1U : (run > kNothing ? 257U - run : 0U);
  }
  return size;
}

}  // namespace

void validate_rle(const std::vector<std::string_view>& fragments, std::uint64_t pixels, int bits) {
  const auto text = [](std::uint64_t value) { return std::to_string(value); };
  const auto each = static_cast<std::uint64_t>(bits);
  if (each % 8 != 0 || each > kMostBits) {
    throw std::runtime_error("run-length encoding of " + text(each) +
                             " bits per pixel is not supported");
  }
  if (fragments.size() != 1) {
    throw std::runtime_error("they consist of " + text(fragments.size()) +
                             " fragments, expected 1 per slice");
  }
  const std::string_view data = fragments[0];
  if (data.size() < kHeader) {
    throw std::runtime_error("they have " + text(data.size()) +
                             " bytes, but their header alone needs " + text(kHeader));
  }
  const std::uint64_t segments = number(data, 0);
  if (segments != each / 8) {
    throw std::runtime_error("their header says " + text(segments) + " segments, but pixels of " +
                             text(each) + " bits need " + text(each / 8));
  }
  for (std::size_t i = 1; i <= segments; ++i) {
    const std::uint64_t begin = number(data, 4 * i);
    const std::uint64_t end = i < segments ? number(data, 4 * (i + 1)) : data.size();
    if (begin < kHeader || (i == 1 && begin > kHeader) || begin > end || end > data.size()) {
      throw std::runtime_error("their header places segment " + text(i) + " at bytes " +
                               text(begin) + " to " + text(end) + " of " + text(data.size()));
    }
    const std::string_view segment =
        data.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    const std::uint64_t found = decoded_size(segment, pixels);
    if (found != pixels) {
      throw std::runtime_error("segment " + text(i) + " holds " + text(found) + " of " +
                               text(pixels) + " pixels");
    }
  }
}

}  // namespace lungrt::io
