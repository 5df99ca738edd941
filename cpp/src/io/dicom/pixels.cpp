#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "io/dicom/codec.h"
#include "io/dicom/decoded.h"
#include "io/dicom/fragments.h"
#include "io/dicom/jpeg.h"
#include "io/dicom/rle.h"
#include "io/dicom/tags.h"
#include "io/files.h"
#include "lungrt/error.h"

namespace lungrt::io {

void refuse_beyond(const DicomSlice& slice, std::int64_t lowest, std::int64_t highest) {
  throw Error(ErrorCode::kBadVolume,
              slice.path.string() + ": contains a value of " +
                  std::to_string(lowest < kLowestHu ? lowest : highest) +
                  " HU, which is beyond int16; its rescale slope or intercept is probably wrong");
}

void refuse_undecodable(const DicomSlice& slice, const std::string& reason) {
  throw Error(ErrorCode::kIo,
              slice.path.string() + ": its pixels cannot be decoded (" + reason + ")");
}

namespace {

[[noreturn]] void refuse_short(const DicomSlice& slice, std::uint64_t there, std::uint64_t wanted) {
  throw Error(ErrorCode::kIo, slice.path.string() + ": contains " + std::to_string(there) +
                                  " bytes of pixels, but its image needs " +
                                  std::to_string(wanted) +
                                  "; copy it again or move it out of the folder");
}

/// Reads from the file whose header was read, and checks that it is still the same.
void read_from(const DicomSlice& slice, std::uint64_t offset, void* target, std::size_t bytes) {
  const InputFile file(slice.path);
  if (file.read_at(offset, target, bytes) < bytes || file.version() != slice.version) {
    throw Error(ErrorCode::kIo, slice.path.string() +
                                    ": was changed while it was being read; read it again when "
                                    "nothing writes to it");
  }
}

/// Rescales pixels in place.
/// \return false, with the pixels unchanged, if some exceed the range that the header states
template <typename Stored>
bool rescale(const DicomSlice& slice, const RawPixels& raw, std::int64_t pixels, std::int16_t* hu) {
  static_assert(sizeof(Stored) == sizeof(std::int16_t));
  // The types may alias: they differ only in their sign.
  const auto* stored = reinterpret_cast<const Stored*>(hu);
  Stored lowest = stored[0], highest = stored[0];
  for (std::int64_t i = 0; i < pixels; ++i) {
    lowest = std::min(lowest, stored[i]);
    highest = std::max(highest, stored[i]);
  }
  if (lowest < raw.lowest || highest > raw.highest) return false;
  const std::int32_t first = raw.slope * lowest + raw.intercept;
  const std::int32_t last = raw.slope * highest + raw.intercept;
  if (std::min(first, last) < kLowestHu || std::max(first, last) > kHighestHu) {
    refuse_beyond(slice, std::min(first, last), std::max(first, last));
  }
  if (raw.slope == 1 && raw.intercept == 0) return true;
  for (std::int64_t i = 0; i < pixels; ++i) {
    hu[i] = static_cast<std::int16_t>(raw.slope * stored[i] + raw.intercept);
  }
  return true;
}

/// Reads pixels directly into their destination.
/// \return false if they need a decoder
bool read_raw(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu) {
  const RawPixels& raw = *slice.raw;
  read_from(slice, raw.offset, hu, static_cast<std::size_t>(pixels) * sizeof(std::int16_t));
  return raw.is_signed ? rescale<std::int16_t>(slice, raw, pixels, hu)
                       : rescale<std::uint16_t>(slice, raw, pixels, hu);
}

bool is_jpeg(const std::string& syntax) {
  return std::any_of(transfer_syntax::kJpegs.begin(), transfer_syntax::kJpegs.end(),
                     [&](const char* start) { return syntax.rfind(start, 0) == 0; });
}

/// Validates compressed pixels, because decoders trust their headers.
void validate_fragments(const DicomSlice& slice, const std::string& content, std::uint64_t pixels) {
  const std::vector<std::string_view> fragments = fragments_of(content, *slice.fragments_offset);
  try {
    if (slice.syntax == transfer_syntax::kRunLengths) {
      validate_rle(fragments, pixels, std::stoi(slice.bits));
      return;
    }
    std::string joined;
    for (const std::string_view fragment : fragments) joined += fragment;
    const auto check = is_jpeg(slice.syntax) ? validate_jpeg : validate_size_of_jpeg_2000;
    check(joined, std::stoi(slice.rows), std::stoi(slice.columns));
  } catch (const std::runtime_error& error) {
    throw Error(ErrorCode::kIo, slice.path.string() + ": its compressed pixels are damaged (" +
                                    error.what() + "); copy it again or move it out of the folder");
  }
}

/// Decodes pixels that are compressed, not of 16 bits, or have a fractional slope.
Plane decode(const DicomSlice& slice, std::int64_t pixels, const Codec& codec) {
  // Decoders fill missing pixels with uninitialised memory.
  const std::uint64_t wanted =
      static_cast<std::uint64_t>(pixels) * std::strtoull(slice.bits.c_str(), nullptr, 10) / 8;
  if (slice.pixel_bytes && *slice.pixel_bytes < wanted) {
    refuse_short(slice, *slice.pixel_bytes, wanted);
  }
  std::string content(static_cast<std::size_t>(slice.end), '\0');
  read_from(slice, 0, content.data(), content.size());
  if (slice.fragments_offset) {
    validate_fragments(slice, content, static_cast<std::uint64_t>(pixels));
  }
  return codec.decode(slice, std::move(content), pixels);
}

}  // namespace

Plane read_plane(const DicomSlice& slice, std::int64_t pixels, const Codec& codec) {
  if (slice.raw) {
    Plane plane;
    plane.hu.resize(static_cast<std::size_t>(pixels));
    if (read_raw(slice, pixels, plane.hu.data())) return plane;
  }
  return decode(slice, pixels, codec);
}

std::vector<double> read_plane(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu,
                               const Codec& codec) {
  if (slice.raw && read_raw(slice, pixels, hu)) return {};
  Plane plane = decode(slice, pixels, codec);
  std::copy(plane.hu.begin(), plane.hu.end(), hu);
  return std::move(plane.fractional);
}

}  // namespace lungrt::io
