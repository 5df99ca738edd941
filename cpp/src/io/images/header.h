/// What the header of an image file says about its voxels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/images/voxel_type.h"
#include "lungrt/geometry.h"

namespace lungrt::io {

/// Where voxels lie in their file, and how they are stored.
enum class VoxelEncoding {
  kRaw,       ///< at an offset
  kRawAtEnd,  ///< the last bytes of the file
  kZlib,      ///< one zlib or gzip stream at an offset
  kGzip,      ///< gzip members at an offset
  kBzip2,     ///< bzip2 streams at an offset
  kText,      ///< decimal numbers at an offset, between blanks or commas
  kHex,       ///< two hexadecimal digits for each byte, at an offset
};

/// Header of an image file of any format, checked and in lungrt's terms.
struct ImageHeader {
  VolumeShape shape;
  Geometry geometry;
  VoxelType type = VoxelType::kInt16;
  bool big_endian = false;
  double slope = 1, intercept = 0;  ///< value = slope * voxel + intercept

  /// Files with the voxels, each with an equal share, from the first slice to the last. The only
  /// one may be the file of the header.
  std::vector<std::filesystem::path> files;
  VoxelEncoding encoding = VoxelEncoding::kRaw;
  std::uint64_t offset = 0;         ///< of the voxels, or of the compressed data, in each file
  std::uint64_t skipped_lines = 0;  ///< lines of text after the offset, before the data
  std::uint64_t skipped = 0;        ///< bytes before the voxels, after decompression
  /// Number of compressed bytes that the header states.
  std::optional<std::uint64_t> compressed_bytes;

  /// What was assumed because the header does not say it, or says it twice; for the report.
  std::vector<std::string> notes;
};

/// Reads the headers of MetaImage, NIfTI and NRRD files.
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

/// Reports a header that contradicts itself or the voxels, or states an impossible value.
/// \param what  what is wrong and what to do, as the rest of a sentence after the path
/// \throws Error kBadVolume
[[noreturn]] void refuse_header(const std::filesystem::path& path, const std::string& what);

/// Checks that an image has three axes and one value per voxel.
/// \param volumes  number of volumes in the file, for the message
/// \throws Error kBadVolume
void require_scalar_volume(const std::filesystem::path& path, std::int64_t axes,
                           std::int64_t values, std::int64_t volumes = 1);

/// Number of axes without the last ones of size 1, but at least 3.
std::size_t axes_in_use(const std::vector<std::int64_t>& sizes);

/// Product of the sizes of the axes after the third.
std::int64_t volumes_of(const std::vector<std::int64_t>& sizes);

/// Reports voxels of a type that cannot hold Hounsfield units.
/// \throws Error kBadVolume
[[noreturn]] void refuse_type(const std::filesystem::path& path, const std::string& type);

/// Geometry from one vector for each image axis. A negative spacing reverses its axis.
/// \param axes  direction (x, y, z) of each axis: columns, rows, slices
/// \throws Error kBadVolume  see Geometry
Geometry image_geometry(const Vec3& origin, const Vec3& spacing, const Matrix3& axes);

/// What a header states about the place of its voxels.
struct StatedGeometry {
  bool spacing = true, orientation = true, position = true;
};

/// Adds a note about what the header does not state, and one about a spacing of exactly 1 mm along
/// all axes, which files have whose spacing was lost.
void note_assumptions(ImageHeader& header, const StatedGeometry& stated);

/// A number for a message, with as many digits as tell it apart.
std::string number_text(double value);

}  // namespace lungrt::io
