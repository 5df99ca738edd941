/// What the header of an image file says about its voxels.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lungrt/geometry.h"

namespace lungrt::io {

enum class VoxelType {
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat32,
  kFloat64
};

/// Where voxels lie in their file, and how they are stored.
enum class VoxelEncoding {
  kRaw,       ///< at an offset
  kRawAtEnd,  ///< the last bytes of the file
  kZlib,      ///< one zlib or gzip stream at an offset
  kGzip,      ///< gzip members at an offset
};

/// Header of an image file of any format, checked and in lungrt's terms.
struct ImageHeader {
  VolumeShape shape;
  Geometry geometry;
  VoxelType type = VoxelType::kInt16;
  bool big_endian = false;
  double slope = 1, intercept = 0;  ///< value = slope * voxel + intercept

  std::filesystem::path data;  ///< file with the voxels, maybe that of the header
  VoxelEncoding encoding = VoxelEncoding::kRaw;
  std::uint64_t offset = 0;   ///< of the voxels, or of the compressed data, in the file
  std::uint64_t skipped = 0;  ///< bytes before the voxels, after inflating
  /// Number of compressed bytes that the header states.
  std::optional<std::uint64_t> compressed_bytes;
};

/// Reads the headers of MetaImage, NIfTI-1 and NRRD files.
/// \throws Error kIo         if the file cannot be read or is not of the format
/// \throws Error kBadVolume  for a valid image that is not a CT, or is stored in an unsupported way
ImageHeader read_meta_image_header(const std::filesystem::path& path);
ImageHeader read_nifti_header(const std::filesystem::path& path);
ImageHeader read_nrrd_header(const std::filesystem::path& path);

/// Reports a file that is not an image of its format, or is damaged.
/// \throws Error kIo
[[noreturn]] void refuse_unreadable(const std::filesystem::path& path, const std::string& reason);

/// Reports an image that is stored in an unsupported way.
/// \throws Error kBadVolume
[[noreturn]] void refuse_unsupported(const std::filesystem::path& path, const std::string& what);

/// Checks that an image has three axes and one value per voxel.
/// \throws Error kBadVolume
void require_scalar_volume(const std::filesystem::path& path, std::int64_t axes,
                           std::int64_t values);

/// Reports voxels of a type that cannot hold Hounsfield units.
/// \throws Error kBadVolume
[[noreturn]] void refuse_type(const std::filesystem::path& path, const std::string& type);

/// Path of a data file that a header names.
/// \throws Error kIo  if there is none
std::filesystem::path data_file(const std::filesystem::path& header, const std::string& name);

/// Geometry from one vector for each image axis. A negative spacing reverses its axis.
/// \param axes  direction (x, y, z) of each axis: columns, rows, slices
/// \throws Error kBadVolume  see Geometry
Geometry image_geometry(const Vec3& origin, const Vec3& spacing, const Matrix3& axes);

}  // namespace lungrt::io
