#include "lungrt/volume.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <utility>

#include "core/shape.h"
#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

using Hu = std::int16_t;
constexpr int kMinHu = std::numeric_limits<Hu>::min();
constexpr int kMaxHu = std::numeric_limits<Hu>::max();

void require_voxels(const void* values, const VolumeShape& shape) {
  check_shape(shape, ErrorCode::kBadVolume);
  if (values == nullptr) throw Error(ErrorCode::kBadVolume, "the voxels are a null pointer");
}

/// Whether a value fits int16; false for NaN.
template <typename T>
bool is_hu(T value) {
  if constexpr (std::integral<T>) {
    return std::in_range<Hu>(value);
  } else {
    return value >= static_cast<T>(kMinHu) && value <= static_cast<T>(kMaxHu);
  }
}

/// Converts values that all fit int16.
/// \return number of values that were rounded
template <typename T>
std::int64_t convert(const T* values, std::int64_t count, Hu* hu) {
  if constexpr (std::integral<T>) {
    std::transform(values, values + count, hu, [](T value) { return static_cast<Hu>(value); });
    return 0;
  } else {
    // Most volumes hold whole numbers; the compiler vectorises their conversion.
    std::int32_t fractions = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto whole = static_cast<std::int32_t>(values[i]);
      hu[i] = static_cast<Hu>(whole);
      fractions += static_cast<T>(whole) != values[i] ? 1 : 0;
    }
    if (fractions != 0) {
      std::transform(values, values + count, hu, [](T value) {
        return static_cast<Hu>(std::nearbyint(value));  // half to even
      });
    }
    return fractions;
  }
}

/// Reports the first voxel that does not fit int16, and how many others there are.
template <typename T>
[[noreturn]] void refuse(const T* values, std::int64_t offset, const VolumeShape& shape) {
  const VoxelIndex index{offset / shape.slice_voxels(),
                         offset % shape.slice_voxels() / shape.columns, offset % shape.columns};
  const T value = values[offset];
  const std::int64_t others =
      std::count_if(values + offset + 1, values + shape.voxels(), [](T v) { return !is_hu(v); });
  std::string found;
  const char* advice = "rescale the volume, or replace such voxels first";
  if constexpr (std::integral<T>) {
    found = std::to_string(value);
  } else {
    found = std::isnan(value) ? "NaN" : text::number(static_cast<double>(value));
    if (!std::isfinite(value)) {
      advice =
          "replace such voxels first, with -1024 (air) where they are outside the field of view";
    }
  }
  throw Error(ErrorCode::kBadVolume,
              "voxel " + text::place(index) + " is " + found +
                  ", expected Hounsfield units within " + std::to_string(kMinHu) + " to " +
                  std::to_string(kMaxHu) +
                  (others == 0 ? ""
                               : ", and " + text::counted(others, "other") + " of " +
                                     text::grouped(shape.voxels()) + " voxels " +
                                     (others == 1 ? "does" : "do") + " not fit either") +
                  "; " + advice);
}

}  // namespace

CtVolume::CtVolume(const std::int16_t* hu, const VolumeShape& shape, const Geometry& geometry,
                   std::shared_ptr<const void> owner, std::string series_uid)
    : hu_(hu),
      shape_(shape),
      geometry_(geometry),
      owner_(std::move(owner)),
      series_uid_(std::move(series_uid)),
      sources_(std::make_shared<const std::vector<SliceSource>>()) {
  require_voxels(hu, shape);
}

template <typename T>
CtVolume CtVolume::converted(const T* values, const VolumeShape& shape, const Geometry& geometry,
                             std::string series_uid) {
  require_voxels(values, shape);
  constexpr std::int64_t kChunk = 4096;  // fits the cache, for both passes over it
  const std::int64_t total = shape.voxels();
  const auto hu = std::make_shared_for_overwrite<Hu[]>(static_cast<std::size_t>(total));
  std::int64_t rounded = 0;
  for (std::int64_t first = 0; first < total; first += kChunk) {
    const std::int64_t count = std::min(kChunk, total - first);
    const T* chunk = values + first;
    std::int32_t misfits = 0;
    for (std::int64_t i = 0; i < count; ++i) misfits += is_hu(chunk[i]) ? 0 : 1;
    if (misfits != 0) {
      const T* bad = std::find_if_not(chunk, chunk + count, is_hu<T>);
      refuse(values, bad - values, shape);
    }
    rounded += convert(chunk, count, hu.get() + first);
  }
  CtVolume volume(hu.get(), shape, geometry, hu, std::move(series_uid));
  if (rounded > 0) {
    volume.notes_.push_back(
        rounded == 1 ? "1 voxel was not a whole Hounsfield unit and was rounded (half to even)"
                     : text::grouped(rounded) +
                           " voxels were not whole Hounsfield units and were rounded (half to "
                           "even)");
  }
  return volume;
}

CtVolume CtVolume::with_notes(std::vector<std::string> notes) const {
  CtVolume volume = *this;
  volume.notes_ = std::move(notes);
  return volume;
}

CtVolume CtVolume::with_sources(std::vector<SliceSource> sources, bool interpolated) const {
  if (!sources.empty() && !interpolated &&
      static_cast<std::int64_t>(sources.size()) != shape_.slices) {
    throw Error(ErrorCode::kInvalidArgument,
                std::to_string(sources.size()) + " sources for a volume of " +
                    std::to_string(shape_.slices) +
                    " slices; expected one for each slice, or none, unless it is interpolated");
  }
  CtVolume volume = *this;
  volume.is_interpolated_ = interpolated;
  volume.sources_ = std::make_shared<const std::vector<SliceSource>>(std::move(sources));
  return volume;
}

#define LUNGRT_INSTANTIATE(T)                                                       \
  template LUNGRT_API CtVolume CtVolume::converted<T>(const T*, const VolumeShape&, \
                                                      const Geometry&, std::string)
LUNGRT_INSTANTIATE(std::int8_t);
LUNGRT_INSTANTIATE(std::uint8_t);
LUNGRT_INSTANTIATE(std::uint16_t);
LUNGRT_INSTANTIATE(std::int32_t);
LUNGRT_INSTANTIATE(std::uint32_t);
LUNGRT_INSTANTIATE(std::int64_t);
LUNGRT_INSTANTIATE(float);
LUNGRT_INSTANTIATE(double);
#undef LUNGRT_INSTANTIATE

}  // namespace lungrt
