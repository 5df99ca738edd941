#include "io/images/header.h"

#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {

void refuse_unreadable(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorCode::kIo, path.string() + ": cannot be read (" + reason +
                                  "); it is damaged, truncated, or no image of this format");
}

void refuse_unsupported(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorCode::kBadVolume, path.string() + ": " + what +
                                         ", which is not supported; convert it to another format");
}

void require_scalar_volume(const std::filesystem::path& path, std::int64_t axes,
                           std::int64_t values) {
  if (axes == 3 && values == 1) return;
  throw Error(ErrorCode::kBadVolume,
              path.string() + " has " + std::to_string(axes) + " dimensions and " +
                  std::to_string(values) +
                  " values per voxel; a CT has 3 dimensions and 1 value per voxel");
}

void refuse_type(const std::filesystem::path& path, const std::string& type) {
  throw Error(ErrorCode::kBadVolume,
              path.string() + ": voxels of type " + type +
                  " are not Hounsfield units; expected integers or floats of up to 64 bits");
}

std::filesystem::path data_file(const std::filesystem::path& header, const std::string& name) {
  std::filesystem::path found = header.parent_path() / name;
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(found, failure);
  if (!std::filesystem::is_regular_file(status)) {
    const std::string problem = status.type() == std::filesystem::file_type::not_found
                                    ? " was not found"
                                : std::filesystem::exists(status) && !failure
                                    ? " is not a regular file"
                                    : " cannot be read (" + failure.message() + ")";
    throw Error(ErrorCode::kIo, header.string() + ": cannot be read: its data file '" +
                                    excerpt(name) + "'" + problem + "; copy it next to the header");
  }
  return found;
}

Geometry image_geometry(const Vec3& origin, const Vec3& spacing, const Matrix3& axes) {
  Vec3 size;
  Matrix3 direction;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double sign = spacing[axis] < 0 ? -1.0 : 1.0;
    size[axis] = sign * spacing[axis];
    for (std::size_t world = 0; world < 3; ++world) {
      direction[world][axis] = sign * axes[axis][world] + 0.0;  // no zeros with a sign
    }
  }
  return {origin, size, direction};
}

}  // namespace lungrt::io
