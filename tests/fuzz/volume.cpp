#include "lungrt/volume.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "check.h"
#include "input_reader.h"
#include "lungrt/lung_field.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

/// Number of voxels that the input must provide; a larger shape is never read.
constexpr std::int64_t kMostVoxels = 1 << 16;

Vec3 vector_of(InputReader& reader) {
  Vec3 values;
  for (double& value : values) value = reader.number();
  return values;
}

Matrix3 direction_of(InputReader& reader) {
  Matrix3 direction{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const auto kind = reader.raw<std::uint8_t>();
  if (kind & 1) std::swap(direction[0], direction[1]);
  if (kind & 2) std::swap(direction[1], direction[2]);
  if (kind & 4) {
    for (double& value : direction[0]) value = -value;
  }
  if (kind & 8) {  // a rotation about z
    const double angle = reader.number(), c = std::cos(angle), s = std::sin(angle);
    direction = {{{c, -s, 0}, {s, c, 0}, {0, 0, 1}}};
  }
  if (kind & 16) direction[static_cast<std::size_t>(reader.small(0, 2))] = vector_of(reader);
  return direction;
}

void check_places(const CtVolume& volume) {
  const Geometry& geometry = volume.geometry();
  const VolumeShape& shape = volume.shape();
  for (const VoxelIndex& index :
       {VoxelIndex{0, 0, 0}, VoxelIndex{shape.slices - 1, shape.rows - 1, shape.columns - 1}}) {
    const Vec3 world = geometry.to_world(index);
    check(std::all_of(world.begin(), world.end(), [](double v) { return std::isfinite(v); }),
          "a voxel without a place");
    accepts({ErrorCode::kInvalidArgument},
            [&] { geometry.to_index(world, InverseTransform::kBook); });
    // The shear may be 0.001, and far from zero few digits remain, so one voxel is tolerated.
    accepts({ErrorCode::kInvalidArgument}, [&] {
      const VoxelIndex back = geometry.to_index(world, InverseTransform::kExact);
      const double spacing =
          *std::min_element(geometry.spacing_mm().begin(), geometry.spacing_mm().end());
      double far = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        far = std::max({far, std::abs(world[i]), std::abs(geometry.origin_mm()[i])});
      }
      if (far / spacing < 1e9) {
        check(std::abs(back.slice - index.slice) <= 1 && std::abs(back.row - index.row) <= 1 &&
                  std::abs(back.column - index.column) <= 1,
              "the exact inverse misses its voxel");
      }
    });
  }
}

template <typename T>
void fill(std::string_view bytes, std::vector<T>& values) {
  std::memcpy(values.data(), bytes.data(), std::min(bytes.size(), values.size() * sizeof(T)));
}

/// One byte per voxel, from -1024 to 1016 HU, so that a chest takes few bytes.
void fill(std::string_view bytes, std::vector<std::int32_t>& values) {
  for (std::size_t i = 0; i < std::min(bytes.size(), values.size()); ++i) {
    values[i] = 8 * static_cast<signed char>(bytes[i]);
  }
}

template <typename T>
void convert(InputReader& reader, const VolumeShape& shape, const Geometry& geometry) {
  if (shape.slices > 0 && shape.rows > 0 && shape.columns > 0 &&
      shape.rows <= kMostVoxels / shape.columns &&
      shape.slices <= kMostVoxels / shape.rows / shape.columns) {
    std::vector<T> values(static_cast<std::size_t>(shape.voxels()));
    fill(reader.rest(), values);
    const CtVolume volume = CtVolume::converted(values.data(), shape, geometry);
    for (std::size_t i = 0; i < values.size(); ++i) {
      check(std::abs(static_cast<double>(values[i]) - volume.data()[i]) <= 0.5, "a voxel changed");
    }
    check_places(volume);
    find_lung_field(volume, 1);
  } else {
    const T value{};
    // Never read: the shape is refused, or there is not enough memory for it.
    const CtVolume volume(reinterpret_cast<const std::int16_t*>(&value), shape, geometry, nullptr);
    check_places(volume);
  }
}

std::int64_t axis_of(InputReader& reader) {
  const std::int64_t size = reader.small(0, 255);
  return size > 250 ? reader.raw<std::int64_t>() : size;
}

}  // namespace

void volume(std::string_view input) {
  InputReader reader(input);
  accepts({ErrorCode::kBadVolume, ErrorCode::kInvalidArgument}, [&] {
    const VolumeShape shape{axis_of(reader), axis_of(reader), axis_of(reader)};
    const Vec3 origin = vector_of(reader), spacing = vector_of(reader);
    const Geometry geometry(origin, spacing, direction_of(reader));
    switch (reader.small(0, 4)) {
      case 0:
        return convert<std::uint8_t>(reader, shape, geometry);
      case 1:
        return convert<std::int32_t>(reader, shape, geometry);
      case 2:
        return convert<std::int64_t>(reader, shape, geometry);
      case 3:
        return convert<float>(reader, shape, geometry);
      default:
        return convert<double>(reader, shape, geometry);
    }
  });
}

}  // namespace lungrt::fuzz
