/// Types of voxels that image files hold.
#pragma once

#include <cstddef>
#include <cstdint>

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

/// Calls `body` with a null pointer to voxels of a type.
template <typename Body>
auto with_type(VoxelType type, const Body& body) {
  switch (type) {
    case VoxelType::kInt8:
      return body(static_cast<std::int8_t*>(nullptr));
    case VoxelType::kUint8:
      return body(static_cast<std::uint8_t*>(nullptr));
    case VoxelType::kInt16:
      return body(static_cast<std::int16_t*>(nullptr));
    case VoxelType::kUint16:
      return body(static_cast<std::uint16_t*>(nullptr));
    case VoxelType::kInt32:
      return body(static_cast<std::int32_t*>(nullptr));
    case VoxelType::kUint32:
      return body(static_cast<std::uint32_t*>(nullptr));
    case VoxelType::kInt64:
      return body(static_cast<std::int64_t*>(nullptr));
    case VoxelType::kUint64:
      return body(static_cast<std::uint64_t*>(nullptr));
    case VoxelType::kFloat32:
      return body(static_cast<float*>(nullptr));
    case VoxelType::kFloat64:
      break;
  }
  return body(static_cast<double*>(nullptr));
}

/// Number of bytes of one voxel.
inline std::size_t size_of(VoxelType type) {
  return with_type(type, [](auto* voxel) { return sizeof *voxel; });
}

}  // namespace lungrt::io
