#include "io/images/read_image.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/images/file_kinds.h"
#include "io/images/header.h"
#include "io/images/nifti_header.h"
#include "io/images/text_header.h"
#include "io/images/voxel_data.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

using Bytes = std::shared_ptr<void>;

template <typename T>
void swap_bytes(T* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    auto bytes = std::bit_cast<std::array<unsigned char, sizeof(T)>>(values[i]);
    std::reverse(bytes.begin(), bytes.end());
    values[i] = std::bit_cast<T>(bytes);
  }
}

/// Volume of voxels that a slope and an intercept turn into Hounsfield units, in the precision that
/// ITK uses.
template <typename T>
CtVolume rescaled(const T* values, const ImageHeader& header) {
  using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;
  std::vector<Real> result(static_cast<std::size_t>(header.shape.voxels()));
  std::transform(values, values + result.size(), result.begin(), [&](T value) {
    return static_cast<Real>(static_cast<double>(static_cast<Real>(value)) * header.slope +
                             header.intercept);
  });
  return CtVolume::converted(result.data(), header.shape, header.geometry);
}

/// Voxels of type int16 are not copied.
template <typename T>
CtVolume as_volume(T* values, const ImageHeader& header, const Bytes& owner) {
  if (header.big_endian != (std::endian::native == std::endian::big)) {
    swap_bytes(values, header.shape.voxels());
  }
  if (header.slope != 1 || header.intercept != 0) return rescaled(values, header);
  if constexpr (std::is_same_v<T, std::int16_t>) {
    return CtVolume(values, header.shape, header.geometry, owner);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    // Those that fit int16 are exact as doubles, the others remain beyond int16.
    const std::vector<double> exact(values, values + header.shape.voxels());
    return CtVolume::converted(exact.data(), header.shape, header.geometry);
  } else {
    return CtVolume::converted(values, header.shape, header.geometry);
  }
}

CtVolume read_voxels(const std::filesystem::path& path, const ImageHeader& header) {
  // Refuses axes of no or too many voxels, so that their number of bytes does not overflow.
  const std::int16_t none = 0;
  static_cast<void>(CtVolume(&none, header.shape, header.geometry, nullptr));
  const Bytes voxels = read_voxel_data(path, header);
  const CtVolume volume = with_type(header.type, [&](auto* type) {
    return as_volume(static_cast<decltype(type)>(voxels.get()), header, voxels);
  });
  std::vector<std::string> notes = header.notes;
  notes.insert(notes.end(), volume.notes().begin(), volume.notes().end());
  return volume.with_notes(std::move(notes));
}

using ReadHeader = ImageHeader (*)(const std::filesystem::path&);

/// Suffixes in lower case, of the files that are read and, of two that belong together, of the one
/// with the header.
constexpr std::array<std::pair<std::string_view, ReadHeader>, 8> kFormats{{
    {".mhd", read_meta_image_header},
    {".mha", read_meta_image_header},
    {".nii", read_nifti_header},
    {".nii.gz", read_nifti_header},
    {".hdr", read_nifti_header},
    {".hdr.gz", read_nifti_header},
    {".nrrd", read_nrrd_header},
    {".nhdr", read_nrrd_header},
}};

ReadHeader reader_of(const std::filesystem::path& path) {
  const std::string name = lower(path.filename().string());
  std::string known;
  for (const auto& [suffix, reader] : kFormats) {
    if (name.ends_with(suffix)) return reader;
    known += std::string(suffix) + ", ";
  }
  const std::string kind = unread_kind(name);
  throw Error(ErrorCode::kInvalidArgument,
              path.string() + ": unknown kind of file" +
                  (kind.empty() ? "" : " (by its name, it is " + kind + ")") +
                  "; expected one of " + known + "or a folder with the slices of a DICOM series");
}

}  // namespace

std::vector<std::string> image_suffixes() {
  std::vector<std::string> suffixes;
  for (const auto& format : kFormats) suffixes.emplace_back(format.first);
  return suffixes;
}

CtVolume read_image(const std::filesystem::path& named) {
  const std::filesystem::path path = nifti::header_of_pair(named);
  const ReadHeader read_header = reader_of(path);
  try {
    return read_voxels(path, read_header(path));
  } catch (const Error& error) {
    const std::string message = error.what();
    // The core's messages about voxels and geometry do not name the file.
    if (message.starts_with(path.string())) throw;
    throw Error(error.code(), path.string() + ": " + message);
  }
}

}  // namespace lungrt::io
