#include "io/dicom/stored_values.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "lungrt/error.h"

namespace lungrt::io {
namespace {

/// Range of the stored bits, and how values are extended to it.
struct Range {
  explicit Range(const StoredPixels& format)
      : size(std::int64_t{1} << format.bits_stored),
        lowest(format.is_signed ? -size / 2 : 0),
        highest(lowest + size - 1) {}

  bool contains(std::int64_t value) const { return value >= lowest && value <= highest; }
  /// The stored bits alone, as a number.
  std::int64_t without_other_bits(std::int64_t value) const {
    const std::int64_t bits = value & (size - 1);
    return bits > highest ? bits - size : bits;
  }

  std::int64_t size, lowest, highest;
};

class Padding {
 public:
  explicit Padding(const StoredPixels& format)
      : mask_((std::int64_t{1} << format.bits_allocated) - 1) {
    if (!format.padding) return;
    const std::int64_t value = *format.padding & mask_;
    const std::int64_t limit = format.padding_limit.value_or(*format.padding) & mask_;
    first_ = std::min(value, limit);
    last_ = std::max(value, limit);
  }
  bool contains(std::int64_t value) const {
    const std::int64_t bits = value & mask_;
    return bits >= first_ && bits <= last_;
  }

 private:
  std::int64_t mask_, first_ = 0, last_ = -1;
};

[[noreturn]] void refuse(const DicomSlice& slice, std::int64_t value, std::size_t pixel,
                         const Range& range) {
  const auto columns = static_cast<std::size_t>(std::stoi(slice.columns));
  throw Error(ErrorCode::kBadVolume,
              place_of(slice) + ": stores " + std::to_string(value) + " in row " +
                  std::to_string(pixel / columns) + ", column " + std::to_string(pixel % columns) +
                  ", but its " + slice.stored_bits + " stored bits (0028,0101) hold " +
                  std::to_string(range.lowest) + " to " + std::to_string(range.highest) +
                  ", and it is not the padding value (0028,0120); readers interpret such pixels "
                  "differently, so correct the number of bits or convert the series anew");
}

}  // namespace

std::vector<std::int64_t> unpack(std::string_view bytes, const StoredPixels& format,
                                 std::int64_t pixels) {
  const auto count = static_cast<std::size_t>(pixels);
  const auto each = static_cast<std::size_t>(format.bits_allocated) / 8;
  const std::int64_t size = std::int64_t{1} << format.bits_allocated;
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t value = 0;
    for (std::size_t k = 0; k < each; ++k) {
      // Pixels are 16-bit words (OW), in which the bytes of big endian files are swapped.
      const std::size_t at = i * each + (each - 1 - k);
      const std::size_t swapped = (at ^ 1U) < bytes.size() ? at ^ 1U : at;
      value = value << 8 | static_cast<unsigned char>(bytes[format.big_endian ? swapped : at]);
    }
    values[i] = format.is_signed && value >= size / 2 ? value - size : value;
  }
  return values;
}

BeyondBits limit_to_stored_bits(const DicomSlice& slice, std::vector<std::int64_t>& values) {
  const StoredPixels& format = slice.pixels;
  const Range range(format);
  const Padding padding(format);
  BeyondBits result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::int64_t& value = values[i];
    if (range.contains(value)) continue;
    if (padding.contains(value)) {
      result.padding.push_back(i);
    } else if (format.has_overlays || (format.is_signed && value >= 0 && value < range.size)) {
      value = range.without_other_bits(value);  // in the second case the sign was not repeated
    } else if (format.is_signed && value < range.lowest) {
      ++result.extended;  // a whole negative number: no overlay sets all bits above it
    } else {
      refuse(slice, value, i, range);
    }
  }
  return result;
}

}  // namespace lungrt::io
