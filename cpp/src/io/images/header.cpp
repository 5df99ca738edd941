#include "io/images/header.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

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

void refuse_header(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorCode::kBadVolume, path.string() + ": " + what);
}

void require_scalar_volume(const std::filesystem::path& path, std::int64_t axes,
                           std::int64_t values, std::int64_t volumes) {
  if (axes == 3 && values == 1) return;
  throw Error(
      ErrorCode::kBadVolume,
      path.string() + " has " + std::to_string(axes) + " dimensions and " + std::to_string(values) +
          (values == 1 ? " value" : " values") +
          " per voxel; a CT has 3 dimensions and 1 value per voxel" +
          (volumes > 1 ? ". It holds " + std::to_string(volumes) +
                             " volumes, such as phases or moments; write the one to be read into a "
                             "file of its own"
                       : ""));
}

std::size_t axes_in_use(const std::vector<std::int64_t>& sizes) {
  std::size_t axes = sizes.size();
  while (axes > 3 && sizes[axes - 1] == 1) --axes;
  return axes;
}

std::int64_t volumes_of(const std::vector<std::int64_t>& sizes) {
  std::int64_t volumes = 1;
  for (std::size_t axis = 3; axis < sizes.size(); ++axis) {
    const std::int64_t size = std::max<std::int64_t>(sizes[axis], 1);
    if (volumes > std::numeric_limits<std::int64_t>::max() / size) break;  // enough for a message
    volumes *= size;
  }
  return volumes;
}

void refuse_type(const std::filesystem::path& path, const std::string& type) {
  throw Error(ErrorCode::kBadVolume,
              path.string() + ": voxels of type " + type +
                  " are not Hounsfield units; expected integers or floats of up to 64 bits");
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

void note_assumptions(ImageHeader& header, const StatedGeometry& stated) {
  if (!stated.orientation) {
    header.notes.emplace_back(
        "the file's header does not say how the patient lies. Columns were assumed to run to the "
        "patient's left, rows to the back and slices to the head; if they do not, the result is "
        "wrong");
  }
  if (!stated.spacing) {
    header.notes.emplace_back(
        "the file's header does not state the spacing of all axes. 1 mm was assumed where it does "
        "not; if "
        "that is wrong, so are all sizes and the result");
  } else if (header.geometry.spacing_mm() == Vec3{1, 1, 1}) {
    header.notes.emplace_back(
        "the file's header says that the spacing is exactly 1 mm along all axes, which is also "
        "what "
        "files say whose spacing was lost. If it was, all sizes and the result are wrong");
  }
  if (!stated.position) {
    header.notes.emplace_back(
        "the file's header does not state where the first voxel lies. Positions in mm count from "
        "it");
  }
}

std::string number_text(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

}  // namespace lungrt::io
