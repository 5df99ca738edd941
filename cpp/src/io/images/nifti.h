/// NIfTI headers: the layout of version 1, for reading and writing, and rotations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lungrt/geometry.h"

namespace lungrt::io::nifti {

inline constexpr std::size_t kHeaderBytes = 348;
/// Smallest offset of the voxels: four bytes, which say whether extensions follow, are between.
inline constexpr std::size_t kFirstVoxel = 352;

/// Offsets of a header's fields.
enum Offset : std::size_t {
  kDim = 40,         ///< 8 x int16: number of axes, sizes
  kIntentCode = 68,  ///< int16
  kDatatype = 70,    ///< int16
  kBitpix = 72,      ///< int16
  kPixdim = 76,      ///< 8 x float: qfac, spacing
  kVoxOffset = 108,  ///< float
  kSclSlope = 112,   ///< float
  kSclInter = 116,   ///< float
  kXyztUnits = 123,  ///< uint8
  kQformCode = 252,  ///< int16
  kSformCode = 254,  ///< int16
  kQuatern = 256,    ///< 3 x float: b, c, d
  kQoffset = 268,    ///< 3 x float
  kSrow = 280,       ///< 3 rows x 4 floats
  kMagic = 344,      ///< "n+1" and 0 if the voxels are in the same file, "ni1" if not
};

/// Codes of qform and sform.
enum Form : std::int16_t { kUnknown = 0, kScannerAnat = 1 };

inline constexpr std::uint8_t kUnitsMetre = 1, kUnitsMillimetre = 2, kUnitsMicrometre = 3;

/// Voxel (column, row, slice) to RAS. Of a header of version 1, whose values are float32, these are
/// float32 values too.
using Affine = std::array<std::array<double, 4>, 3>;

/// Rotation as a quaternion.
struct Quaternion {
  double b = 0, c = 0, d = 0;
  double handedness = 1;  ///< qfac: -1 if the third axis is reversed
};

/// Quaternion of the rotation closest to a matrix.
/// \param rotation  orthonormal, rows of RAS coordinates; receives the exact rotation
Quaternion to_quaternion(Matrix3& rotation);

/// Affine map of a quaternion, computed as the format's library does. It is not rounded.
Affine from_quaternion(const Quaternion& quaternion, const Vec3& offset, const Vec3& spacing);

}  // namespace lungrt::io::nifti
