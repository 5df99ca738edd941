/// C interface: volumes.

#include "lungrt/volume.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "c_api/handles.h"
#include "c_api/versioned_struct.h"
#include "core/shape.h"

namespace {

using namespace lungrt;
using c_api::refuse;

Geometry geometry_of(const lungrt_volume_description& given) {
  Vec3 origin_mm, spacing_mm;
  Matrix3 direction;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    origin_mm[axis] = given.origin_mm[axis];
    spacing_mm[axis] = given.spacing_mm[axis];
    for (std::size_t column = 0; column < 3; ++column) {
      direction[axis][column] = given.direction[3 * axis + column];
    }
  }
  return {origin_mm, spacing_mm, direction};
}

/// The caller's voxels as values of one type; checks their size and alignment.
template <typename T>
const T* typed_voxels(const lungrt_volume_description& given, const VolumeShape& shape) {
  const auto expected = static_cast<std::uint64_t>(shape.voxels()) * sizeof(T);
  if (given.voxels_size != expected) {
    refuse("description.voxels_size is " + std::to_string(given.voxels_size) + " bytes, expected " +
           std::to_string(expected) + " for " + text::extent(shape) + " voxels of " +
           std::to_string(sizeof(T)) + " bytes");
  }
  if (reinterpret_cast<std::uintptr_t>(given.voxels) % alignof(T) != 0) {
    refuse("description.voxels is not aligned to " + std::to_string(alignof(T)) + " bytes");
  }
  return static_cast<const T*>(given.voxels);
}

CtVolume int16_volume(const lungrt_volume_description& given, const VolumeShape& shape,
                      const Geometry& geometry, const std::string& series_uid, bool borrow) {
  const auto* hu = typed_voxels<std::int16_t>(given, shape);
  if (borrow) return {hu, shape, geometry, nullptr, series_uid};
  const auto count = static_cast<std::size_t>(shape.voxels());
  const auto copy = std::make_shared_for_overwrite<std::int16_t[]>(count);
  std::copy_n(hu, count, copy.get());
  return {copy.get(), shape, geometry, copy, series_uid};
}

CtVolume make_volume(const lungrt_volume_description& given) {
  const VolumeShape shape{given.shape[0], given.shape[1], given.shape[2]};
  check_shape(shape, ErrorCode::kBadVolume);
  const Geometry geometry = geometry_of(given);
  const std::string series_uid = given.series_uid != nullptr ? given.series_uid : "";
  c_api::required(given.voxels, "description.voxels");
  if (given.ownership != LUNGRT_COPY && given.ownership != LUNGRT_BORROW) {
    refuse("description.ownership is " + std::to_string(given.ownership) +
           ", expected LUNGRT_COPY or LUNGRT_BORROW");
  }
  const bool borrow = given.ownership == LUNGRT_BORROW;
  if (borrow && given.voxel_type != LUNGRT_INT16) {
    refuse("only voxels of type LUNGRT_INT16 can be borrowed; set LUNGRT_COPY for other types");
  }
  const auto converted = [&]<typename T>(T) {
    return CtVolume::converted(typed_voxels<T>(given, shape), shape, geometry, series_uid);
  };
  switch (given.voxel_type) {
    case LUNGRT_INT16:
      return int16_volume(given, shape, geometry, series_uid, borrow);
    case LUNGRT_INT8:
      return converted(std::int8_t{});
    case LUNGRT_UINT8:
      return converted(std::uint8_t{});
    case LUNGRT_UINT16:
      return converted(std::uint16_t{});
    case LUNGRT_INT32:
      return converted(std::int32_t{});
    case LUNGRT_UINT32:
      return converted(std::uint32_t{});
    case LUNGRT_INT64:
      return converted(std::int64_t{});
    case LUNGRT_FLOAT32:
      return converted(float{});
    case LUNGRT_FLOAT64:
      return converted(double{});
    default:
      refuse("description.voxel_type is " + std::to_string(given.voxel_type) +
             ", expected LUNGRT_INT16 to LUNGRT_FLOAT64 (0 to 8)");
  }
}

}  // namespace

lungrt_status lungrt_volume_create(const lungrt_volume_description* description,
                                   lungrt_volume** volume) {
  return c_api::guarded(__func__, [&] {
    *c_api::required(volume, "volume") = nullptr;
    *volume = new lungrt_volume(make_volume(c_api::read_struct(description, "description")));
  });
}

void lungrt_volume_free(lungrt_volume* volume) { c_api::free_handle(volume); }
