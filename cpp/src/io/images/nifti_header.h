/// The header of a NIfTI file of version 1 or 2, as numbers.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/images/nifti.h"

namespace lungrt::io::nifti {

/// Fields of a header of either version and byte order.
struct Header {
  int version = 1;
  bool big_endian = false;
  bool compressed = false;  ///< whether the file with the header is
  bool is_pair = false;     ///< whether the voxels are in a file of their own

  std::array<std::int64_t, 8> dim{};
  int intent = 0, datatype = 0;
  std::array<double, 8> pixdim{};
  double voxel_offset = 0, slope = 0, intercept = 0;
  int units = 0, qform = 0, sform = 0;
  Vec3 quatern{}, qoffset{};
  Affine srow{};
};

/// Reads the header of a file, which may be compressed by gzip.
/// \throws Error kIo         if it cannot be read or is none
/// \throws Error kBadVolume  for a header of Analyze 7.5, which lacks what NIfTI adds
Header read_header(const std::filesystem::path& path);

/// Number of bytes that a header takes, with the four that say whether extensions follow.
std::size_t first_voxel(int version);

/// Path of the header of a pair, for that of its voxels (.img); any other path is returned as it
/// is.
/// \throws Error kIo  if there is no header beside it
std::filesystem::path header_of_pair(const std::filesystem::path& path);

/// Path of the voxels of a pair, for that of its header.
/// \throws Error kIo  if there are none beside it
std::filesystem::path voxels_of_pair(const std::filesystem::path& header);

}  // namespace lungrt::io::nifti
