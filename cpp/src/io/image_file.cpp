#include "io/image_file.h"

#include <itkImageIOBase.h>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/components.h"
#include "io/image_formats.h"
#include "io/meta_image_file.h"
#include "io/nifti_file.h"
#include "io/nrrd_file.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr unsigned kAxes = 3;

[[noreturn]] void refuse_unreadable(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorCode::kIo,
              path.string() + ": cannot be read (" + reason +
                  "); it is not an image, it is truncated, or the file with its voxels is missing");
}

void require_scalar_volume(const std::filesystem::path& path, const itk::ImageIOBase& reader) {
  const unsigned axes = reader.GetNumberOfDimensions();
  if (axes != kAxes || reader.GetNumberOfComponents() != 1) {
    throw Error(ErrorCode::kBadVolume,
                path.string() + " has " + std::to_string(axes) + " dimensions and " +
                    std::to_string(reader.GetNumberOfComponents()) +
                    " values per voxel; a CT has 3 dimensions and 1 value per voxel");
  }
}

void require_complete(const std::filesystem::path& path, const itk::ImageIOBase& reader) {
  const std::string name = path.filename().string();
  if (ends_with(name, ".nii") || ends_with(name, ".nii.gz")) require_complete_nifti(path);
  const auto bytes = static_cast<std::uint64_t>(reader.GetImageSizeInBytes());
  if (ends_with(name, ".mha") || ends_with(name, ".mhd")) require_complete_meta_image(path, bytes);
  if (ends_with(name, ".nrrd") || ends_with(name, ".nhdr")) require_complete_nrrd(path, bytes);
}

VolumeShape shape_of(const itk::ImageIOBase& reader) {
  return {static_cast<std::int64_t>(reader.GetDimensions(2)),
          static_cast<std::int64_t>(reader.GetDimensions(1)),
          static_cast<std::int64_t>(reader.GetDimensions(0))};
}

/// A negative spacing reverses the direction of its axis.
Geometry geometry_of(const itk::ImageIOBase& reader) {
  Vec3 origin, spacing;
  Matrix3 direction;
  for (unsigned axis = 0; axis < kAxes; ++axis) {
    const double signed_spacing = reader.GetSpacing(axis);
    const double sign = signed_spacing < 0 ? -1.0 : 1.0;
    const std::vector<double> along = reader.GetDirection(axis);
    origin[axis] = reader.GetOrigin(axis);
    spacing[axis] = sign * signed_spacing;
    for (unsigned world = 0; world < kAxes; ++world) direction[world][axis] = sign * along[world];
  }
  return {origin, spacing, direction};
}

void read_voxels(itk::ImageIOBase& reader, void* target) {
  itk::ImageIORegion region(reader.GetNumberOfDimensions());
  for (unsigned axis = 0; axis < reader.GetNumberOfDimensions(); ++axis) {
    region.SetSize(axis, reader.GetDimensions(axis));
  }
  reader.SetIORegion(region);
  reader.Read(target);
}

template <typename T>
CtVolume as_volume(const T* values, const VolumeShape& shape, const Geometry& geometry) {
  if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    // Every 64-bit integer that fits int16 is exact as int64 or as a double.
    if constexpr (std::is_signed_v<T>) {
      return CtVolume::converted(reinterpret_cast<const std::int64_t*>(values), shape, geometry);
    } else {
      const std::vector<double> exact(values, values + shape.voxels());
      return CtVolume::converted(exact.data(), shape, geometry);
    }
  } else {
    return CtVolume::converted(values, shape, geometry);
  }
}

/// Reads the voxels of an image whose header has been read. Voxels of type int16 are not copied.
CtVolume read_opened(itk::ImageIOBase& reader) {
  const VolumeShape shape = shape_of(reader);
  const auto bytes = static_cast<std::size_t>(reader.GetImageSizeInBytes());
  const auto voxels =
      std::make_shared_for_overwrite<std::int16_t[]>((bytes + 1) / sizeof(std::int16_t));
  read_voxels(reader, voxels.get());
  const Geometry geometry = geometry_of(reader);
  return with_components(reader.GetComponentType(), voxels.get(), [&](const auto* values) {
    if constexpr (std::is_same_v<decltype(values), const short*>) {
      return CtVolume(voxels.get(), shape, geometry, voxels);
    } else {
      return as_volume(values, shape, geometry);
    }
  });
}

/// Opens a file, checks it, and calls `body` with its reader.
template <typename Body>
auto with_opened(const std::filesystem::path& path, const Body& body) {
  const std::string name = path.filename().string();
  const itk::ImageIOBase::Pointer reader = image_io(name);
  if (!reader) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() +
                    ": unknown kind of file; expected one of .mhd, .mha, .nii, .nii.gz, .nrrd, "
                    ".nhdr, or a folder with the slices of a DICOM series");
  }
  try {
    if (!reader->CanReadFile(path.c_str())) {
      refuse_unreadable(path, "its content does not match its suffix");
    }
    reader->SetFileName(path.string());
    reader->ReadImageInformation();
    // Checked before the voxels are read: a long time series is refused at once.
    require_scalar_volume(path, *reader);
    require_complete(path, *reader);
    return body(*reader);
  } catch (const itk::ExceptionObject& error) {
    refuse_unreadable(path, itk_reason(error));
  } catch (const Error& error) {
    const std::string message = error.what();
    // The core's messages about voxels and geometry do not name the file.
    if (message.find(path.string()) == 0) throw;
    throw Error(error.code(), path.string() + ": " + message);
  }
}

}  // namespace

CtVolume read_image(const std::filesystem::path& path) { return with_opened(path, read_opened); }

void validate_image_file(const std::filesystem::path& path) {
  with_opened(path, [](itk::ImageIOBase&) {});  // checks that nothing is missing
}

}  // namespace lungrt::io
