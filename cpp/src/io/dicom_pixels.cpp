#include <gdcmImageHelper.h>
#include <gdcmImageReader.h>
#include <gdcmRescaler.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include "io/dicom_slice.h"
#include "io/dicom_tags.h"
#include "io/files.h"
#include "io/fragments.h"
#include "io/jpeg.h"
#include "io/rle.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr std::int32_t kLowestHu = std::numeric_limits<std::int16_t>::min();
constexpr std::int32_t kHighestHu = std::numeric_limits<std::int16_t>::max();

[[noreturn]] void refuse_beyond(const DicomSlice& slice, std::int64_t lowest,
                                std::int64_t highest) {
  throw Error(ErrorCode::kBadVolume,
              slice.path.string() + ": holds " +
                  std::to_string(lowest < kLowestHu ? lowest : highest) +
                  " HU, beyond int16; its rescale slope and intercept are suspect");
}

[[noreturn]] void refuse_short(const DicomSlice& slice, std::uint64_t there, std::uint64_t wanted) {
  throw Error(ErrorCode::kIo, slice.path.string() + ": holds " + std::to_string(there) +
                                  " bytes of pixels, its image has " + std::to_string(wanted) +
                                  "; fetch it anew or move it out of the folder");
}

[[noreturn]] void refuse_undecodable(const DicomSlice& slice, const std::string& reason) {
  throw Error(ErrorCode::kIo,
              slice.path.string() + ": its pixels cannot be decoded (" + reason + ")");
}

/// Reads from the file whose header was read.
void read_from(const DicomSlice& slice, std::uint64_t offset, void* target, std::size_t bytes) {
  const InputFile file(slice.path);
  if (file.read_at(offset, target, bytes) < bytes || file.version() != slice.version) {
    throw Error(ErrorCode::kIo, slice.path.string() +
                                    ": was changed while it was read; read it again once nothing "
                                    "writes to it");
  }
}

/// Rescales pixels where they lie.
/// \return false, and leaves them, where some are not what the header says is stored
template <typename Stored>
bool rescale(const DicomSlice& slice, const RawPixels& raw, std::int64_t pixels, std::int16_t* hu) {
  static_assert(sizeof(Stored) == sizeof(std::int16_t));
  // Both types may look at the same memory: they differ in sign alone.
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

/// Reads pixels straight to where they are wanted.
/// \return false where a decoder has to look at them
bool read_raw(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu) {
  const RawPixels& raw = *slice.raw;
  read_from(slice, raw.offset, hu, static_cast<std::size_t>(pixels) * sizeof(std::int16_t));
  return raw.is_signed ? rescale<std::int16_t>(slice, raw, pixels, hu)
                       : rescale<std::uint16_t>(slice, raw, pixels, hu);
}

/// Decoded values as they are wanted.
template <typename T>
Plane as_plane(const DicomSlice& slice, const T* values, std::size_t count) {
  Plane plane;
  if constexpr (std::is_floating_point_v<T>) {
    plane.fractional.assign(values, values + count);
  } else {
    const auto [lowest, highest] = std::minmax_element(values, values + count);
    if (std::cmp_less(*lowest, kLowestHu) || std::cmp_greater(*highest, kHighestHu)) {
      refuse_beyond(slice, static_cast<std::int64_t>(*lowest), static_cast<std::int64_t>(*highest));
    }
    plane.hu.resize(count);
    std::transform(values, values + count, plane.hu.begin(),
                   [](T value) { return static_cast<std::int16_t>(value); });
  }
  return plane;
}

using Scalar = gdcm::PixelFormat::ScalarType;

/// Calls `as_plane` with the values as what they are.
Plane plane_of(const DicomSlice& slice, Scalar type, const void* values, std::size_t count) {
  const auto as = [&]<typename T>(T) {
    return as_plane(slice, static_cast<const T*>(values), count);
  };
  switch (type) {
    case gdcm::PixelFormat::INT8:
      return as(std::int8_t{});
    case gdcm::PixelFormat::UINT8:
      return as(std::uint8_t{});
    case gdcm::PixelFormat::INT12:
    case gdcm::PixelFormat::INT16:
      return as(std::int16_t{});
    case gdcm::PixelFormat::UINT12:
    case gdcm::PixelFormat::UINT16:
      return as(std::uint16_t{});
    case gdcm::PixelFormat::INT32:
      return as(std::int32_t{});
    case gdcm::PixelFormat::UINT32:
      return as(std::uint32_t{});
    case gdcm::PixelFormat::FLOAT32:
      return as(float{});
    case gdcm::PixelFormat::FLOAT64:
      return as(double{});
    default:
      break;
  }
  refuse_undecodable(slice, std::string("values of type ") +
                                gdcm::PixelFormat(type).GetScalarTypeAsString() +
                                " are no Hounsfield units");
}

bool is_jpeg(const std::string& syntax) {
  return std::any_of(transfer_syntax::kJpegs.begin(), transfer_syntax::kJpegs.end(),
                     [&](const char* start) { return syntax.rfind(start, 0) == 0; });
}

/// Looks through compressed pixels before a decoder does, which takes them at their word.
void require_whole_fragments(const DicomSlice& slice, const std::string& content,
                             std::uint64_t pixels) {
  const std::vector<std::string_view> fragments = fragments_of(content, *slice.fragments_offset);
  try {
    if (slice.syntax == transfer_syntax::kRunLengths) {
      require_whole_rle(fragments, pixels, std::stoi(slice.bits));
      return;
    }
    std::string joined;
    for (const std::string_view fragment : fragments) joined += fragment;
    const auto check = is_jpeg(slice.syntax) ? require_whole_jpeg : require_size_of_jpeg_2000;
    check(joined, std::stoi(slice.rows), std::stoi(slice.columns));
  } catch (const std::runtime_error& error) {
    throw Error(ErrorCode::kIo, slice.path.string() + ": its compressed pixels are damaged (" +
                                    error.what() + "); fetch it anew or move it out of the folder");
  }
}

/// Through GDCM: compressed pixels, other sizes of them, slopes that are not whole.
Plane decode(const DicomSlice& slice, std::int64_t pixels) {
  // What the slope and intercept say counts for every kind of image, as ITK has it.
  static const bool kForced = (gdcm::ImageHelper::SetForceRescaleInterceptSlope(true), true);
  static_cast<void>(kForced);
  std::string content(static_cast<std::size_t>(slice.end), '\0');
  read_from(slice, 0, content.data(), content.size());
  if (slice.fragments_offset) {
    require_whole_fragments(slice, content, static_cast<std::uint64_t>(pixels));
  }
  std::istringstream stream(std::move(content), std::ios::binary);
  gdcm::ImageReader reader;
  reader.SetStream(stream);
  if (!reader.Read()) refuse_undecodable(slice, "GDCM cannot read the file");
  const gdcm::Image& image = reader.GetImage();
  const gdcm::PixelFormat stored = image.GetPixelFormat();
  std::vector<char> bytes(image.GetBufferLength());
  const auto count = static_cast<std::size_t>(pixels);
  if (bytes.size() != count * stored.GetPixelSize() || !image.GetBuffer(bytes.data())) {
    refuse_undecodable(slice, "GDCM cannot decode them");
  }
  if (image.GetSlope() == 1.0 && image.GetIntercept() == 0.0) {
    return plane_of(slice, stored.GetScalarType(), bytes.data(), count);
  }
  gdcm::Rescaler rescaler;
  rescaler.SetIntercept(image.GetIntercept());
  rescaler.SetSlope(image.GetSlope());
  rescaler.SetPixelFormat(stored);
  const gdcm::PixelFormat wanted = rescaler.ComputeInterceptSlopePixelType();
  std::vector<char> rescaled(count * wanted.GetPixelSize());
  rescaler.Rescale(rescaled.data(), bytes.data(), bytes.size());
  return plane_of(slice, wanted.GetScalarType(), rescaled.data(), count);
}

Plane decode_checked(const DicomSlice& slice, std::int64_t pixels) {
  // GDCM fills an image that is short with whatever lies in memory.
  const std::uint64_t wanted =
      static_cast<std::uint64_t>(pixels) * std::strtoull(slice.bits.c_str(), nullptr, 10) / 8;
  if (slice.pixel_bytes && *slice.pixel_bytes < wanted) {
    refuse_short(slice, *slice.pixel_bytes, wanted);
  }
  return decode(slice, pixels);
}

}  // namespace

Plane read_plane(const DicomSlice& slice, std::int64_t pixels) {
  if (slice.raw) {
    Plane plane;
    plane.hu.resize(static_cast<std::size_t>(pixels));
    if (read_raw(slice, pixels, plane.hu.data())) return plane;
  }
  return decode_checked(slice, pixels);
}

std::vector<double> read_plane(const DicomSlice& slice, std::int64_t pixels, std::int16_t* hu) {
  if (slice.raw && read_raw(slice, pixels, hu)) return {};
  Plane plane = decode_checked(slice, pixels);
  std::copy(plane.hu.begin(), plane.hu.end(), hu);
  return std::move(plane.fractional);
}

}  // namespace lungrt::io
