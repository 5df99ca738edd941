#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "io/dicom/codec.h"
#include "io/dicom/decoded.h"
#include "io/dicom/frame_file.h"
#include "io/dicom/jpeg.h"
#include "io/dicom/rle.h"
#include "io/dicom/stored_values.h"
#include "io/dicom/tags.h"
#include "io/files.h"
#include "io/inflate.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr std::int32_t kLowestHu = std::numeric_limits<std::int16_t>::min();
constexpr std::int32_t kHighestHu = std::numeric_limits<std::int16_t>::max();
constexpr std::int16_t kAirHu = -1024;  // what scanners write outside of their field of view

}  // namespace

void refuse_beyond(const DicomSlice& slice, double value) {
  throw Error(ErrorCode::kBadVolume,
              place_of(slice) + ": contains a value of " +
                  std::to_string(static_cast<std::int64_t>(value)) +
                  " HU, which is beyond int16; its rescale slope or intercept is probably wrong");
}

void refuse_undecodable(const DicomSlice& slice, const std::string& reason) {
  throw Error(ErrorCode::kIo, place_of(slice) + ": its pixels cannot be decoded (" + reason + ")");
}

namespace {

/// Reads from the file whose header was read, and checks that it is still the same.
class PixelFile {
 public:
  explicit PixelFile(const DicomSlice& slice) : slice_(slice), file_(slice.path) {}

  void read(const Extent& extent, void* target) const {
    const auto bytes = static_cast<std::size_t>(extent.bytes);
    if (file_.read_at(extent.offset, target, bytes) < bytes || file_.version() != slice_.version) {
      throw Error(ErrorCode::kIo, slice_.path.string() +
                                      ": was changed while it was being read; read it again when "
                                      "nothing writes to it");
    }
  }

 private:
  const DicomSlice& slice_;
  InputFile file_;
};

/// Bytes that make up an image, one string for each extent.
std::vector<std::string> stored_bytes(const DicomSlice& slice) {
  const StoredPixels& pixels = slice.pixels;
  std::vector<std::string> result;
  if (pixels.inflated) {
    for (const Extent& extent : pixels.extents) {
      result.push_back(pixels.inflated->substr(static_cast<std::size_t>(extent.offset),
                                               static_cast<std::size_t>(extent.bytes)));
    }
    return result;
  }
  const PixelFile file(slice);
  if (pixels.deflated_at) {
    // Compressed data may be anything, so the file is checked before and after it is inflated.
    char unused = 0;
    file.read({*pixels.deflated_at, 1}, &unused);
    FileWindow source(slice.path);
    Inflater inflater(source, *pixels.deflated_at, Compression::kDeflate);
    const Extent& extent = pixels.extents.front();
    inflater.skip(extent.offset);
    result.emplace_back(static_cast<std::size_t>(extent.bytes), '\0');
    inflater.read(result.back().data(), result.back().size());
    file.read({*pixels.deflated_at, 1}, &unused);
    return result;
  }
  for (const Extent& extent : pixels.extents) {
    result.emplace_back(static_cast<std::size_t>(extent.bytes), '\0');
    file.read(extent, result.back().data());
  }
  return result;
}

std::string joined(const std::vector<std::string>& parts) {
  if (parts.size() == 1) return parts.front();
  std::string whole;
  for (const std::string& part : parts) whole += part;
  return whole;
}

/// A whole number, if it is one for which products with 16-bit pixels fit 32 bits.
std::optional<std::int32_t> small_whole(double value) {
  constexpr double kMost = 1 << 14;
  if (value != std::nearbyint(value) || std::abs(value) > kMost) return std::nullopt;
  return static_cast<std::int32_t>(value);
}

/// Rescales plain pixels in place.
/// \return false, with the pixels unchanged, if some exceed the range of the stored bits
template <typename Stored>
bool rescale_plain(const DicomSlice& slice, std::int32_t slope, std::int32_t intercept,
                   std::int64_t pixels, std::int16_t* hu) {
  static_assert(sizeof(Stored) == sizeof(std::int16_t));
  const std::int32_t size = 1 << slice.pixels.bits_stored;
  const std::int32_t least = slice.pixels.is_signed ? -size / 2 : 0, most = least + size - 1;
  // The types may alias: they differ only in their sign.
  const auto* stored = reinterpret_cast<const Stored*>(hu);
  Stored lowest = stored[0], highest = stored[0];
  for (std::int64_t i = 0; i < pixels; ++i) {
    lowest = std::min(lowest, stored[i]);
    highest = std::max(highest, stored[i]);
  }
  if (lowest < least || highest > most) return false;
  const std::int32_t first = slope * lowest + intercept, last = slope * highest + intercept;
  if (std::min(first, last) < kLowestHu) refuse_beyond(slice, std::min(first, last));
  if (std::max(first, last) > kHighestHu) refuse_beyond(slice, std::max(first, last));
  if (slope == 1 && intercept == 0) return true;
  for (std::int64_t i = 0; i < pixels; ++i) {
    hu[i] = static_cast<std::int16_t>(slope * stored[i] + intercept);
  }
  return true;
}

/// Reads the pixels of most CTs directly into their destination.
/// \return false if that is not possible
bool read_plain(const DicomSlice& slice, const Rescale& rescale, std::int64_t pixels,
                std::int16_t* hu) {
  const auto slope = small_whole(rescale.slope), intercept = small_whole(rescale.intercept);
  if (!slice.pixels.is_plain || !slope || !intercept) return false;
  PixelFile(slice).read(slice.pixels.extents.front(), hu);
  return slice.pixels.is_signed
             ? rescale_plain<std::int16_t>(slice, *slope, *intercept, pixels, hu)
             : rescale_plain<std::uint16_t>(slice, *slope, *intercept, pixels, hu);
}

/// Decodes a code stream, which is validated first because decoders trust its header.
std::vector<std::int64_t> decode(const DicomSlice& slice, const std::vector<std::string>& fragments,
                                 std::int64_t pixels, const Codec& codec) {
  const PixelCoding coding = slice.pixels.syntax.coding;
  const std::string data = joined(fragments);
  int bits = slice.pixels.bits_stored;
  try {
    if (coding == PixelCoding::kRunLengths) {
      validate_rle({fragments.begin(), fragments.end()}, static_cast<std::uint64_t>(pixels),
                   slice.pixels.bits_allocated);
      bits = slice.pixels.bits_allocated;  // runs hold all of them
    } else {
      const auto validate = coding == PixelCoding::kJpeg ? validate_jpeg : validate_jpeg_2000;
      const int found = validate(data, std::stoi(slice.rows), std::stoi(slice.columns));
      if (!slice.pixels.delimited && coding == PixelCoding::kJpeg2000) require_end(data);
      if (found > bits && found <= slice.pixels.bits_allocated) bits = found;
    }
  } catch (const std::runtime_error& error) {
    throw Error(ErrorCode::kIo, place_of(slice) + ": its compressed pixels are damaged (" +
                                    error.what() + "); copy it again or move it out of the folder");
  }
  return codec.decode(slice, frame_file(slice, data, bits), pixels);
}

/// The stored values of any pixels.
std::vector<std::int64_t> stored_values(const DicomSlice& slice, std::int64_t pixels,
                                        const Codec& codec) {
  const PixelCoding coding = slice.pixels.syntax.coding;
  const std::vector<std::string> parts = stored_bytes(slice);
  if (coding != PixelCoding::kNative && coding != PixelCoding::kEncapsulated &&
      coding != PixelCoding::kDeflated) {
    return decode(slice, parts, pixels, codec);
  }
  const std::size_t wanted =
      static_cast<std::size_t>(pixels) * static_cast<std::size_t>(slice.pixels.bits_allocated) / 8;
  std::string bytes = joined(parts);
  if (coding == PixelCoding::kDeflated) {
    try {
      BytesView source(bytes);
      Inflater inflater(source, 0, Compression::kDeflate);
      std::string inflated(wanted, '\0');
      inflated.resize(inflater.read(inflated.data(), wanted));
      bytes = std::move(inflated);
    } catch (const std::runtime_error& error) {
      refuse_undecodable(slice, error.what());
    }
  }
  if (bytes.size() < wanted) {
    throw Error(ErrorCode::kIo, place_of(slice) + ": contains " + std::to_string(bytes.size()) +
                                    " bytes of pixels, but its image needs " +
                                    std::to_string(wanted) +
                                    "; copy it again or move it out of the folder");
  }
  return unpack(bytes, slice.pixels, pixels);
}

/// Hounsfield units of stored values; those of padding are air.
Plane rescaled(const DicomSlice& slice, const Rescale& rescale, std::vector<std::int64_t> values) {
  const BeyondBits beyond = limit_to_stored_bits(slice, values);
  Plane plane;
  plane.padding = static_cast<std::int64_t>(beyond.padding.size());
  plane.extended = beyond.extended;
  std::vector<double> hu(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    hu[i] = rescale.slope * static_cast<double>(values[i]) + rescale.intercept;
  }
  for (const std::size_t pixel : beyond.padding) hu[pixel] = kAirHu;
  const bool whole = rescale.slope == std::nearbyint(rescale.slope) &&
                     rescale.intercept == std::nearbyint(rescale.intercept);
  if (!whole) {
    plane.fractional = std::move(hu);
    return plane;
  }
  const auto [lowest, highest] = std::minmax_element(hu.begin(), hu.end());
  if (*lowest < kLowestHu) refuse_beyond(slice, *lowest);
  if (*highest > kHighestHu) refuse_beyond(slice, *highest);
  plane.hu.resize(hu.size());
  std::transform(hu.begin(), hu.end(), plane.hu.begin(),
                 [](double value) { return static_cast<std::int16_t>(value); });
  return plane;
}

}  // namespace

Plane read_plane(const DicomSlice& slice, std::int64_t pixels, const Codec& codec) {
  require_readable(slice);
  const Rescale rescale = rescale_of(slice);
  Plane plane;
  if (slice.pixels.is_plain) {
    plane.hu.resize(static_cast<std::size_t>(pixels));
    if (read_plain(slice, rescale, pixels, plane.hu.data())) return plane;
  }
  return rescaled(slice, rescale, stored_values(slice, pixels, codec));
}

Plane read_plane(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu,
                 const Codec& codec) {
  require_readable(slice);
  const Rescale rescale = rescale_of(slice);
  if (read_plain(slice, rescale, pixels, hu)) return {};
  Plane plane = rescaled(slice, rescale, stored_values(slice, pixels, codec));
  std::copy(plane.hu.begin(), plane.hu.end(), hu);
  plane.hu.clear();
  return plane;
}

}  // namespace lungrt::io
