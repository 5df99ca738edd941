#include "io/images/read_image.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/byte_source.h"
#include "io/images/header.h"
#include "io/inflate.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

using Bytes = std::shared_ptr<void>;

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

std::uint64_t size_of(VoxelType type) {
  return with_type(type, [](auto* voxel) { return std::uint64_t{sizeof *voxel}; });
}

[[noreturn]] void refuse_truncated(const ImageHeader& header, const std::filesystem::path& path,
                                   const std::string& found, std::uint64_t wanted) {
  throw Error(ErrorCode::kIo,
              path.string() + ": truncated: " +
                  (header.data == path ? "it" : excerpt(header.data.filename().string())) +
                  " contains " + found + " of " + std::to_string(wanted) +
                  " bytes of voxels; copy or download it again");
}

/// Memory for voxels of any type, which is not filled. Pages that are never written take none.
Bytes allocate(std::uint64_t bytes) {
  return {::operator new(static_cast<std::size_t>(bytes)),
          [](void* memory) { ::operator delete(memory); }};
}

std::uint64_t left_after(std::uint64_t bytes, std::uint64_t skipped) {
  return bytes - std::min(bytes, skipped);
}

Bytes read_raw(const ImageHeader& header, const std::filesystem::path& path, std::uint64_t wanted) {
  const InputFile file(header.data);
  const std::uint64_t size = file.version().size;
  const std::uint64_t first =
      header.encoding == VoxelEncoding::kRawAtEnd
          ? std::max(left_after(size, wanted), std::min(size, header.offset))
          : header.offset + header.skipped;
  const std::uint64_t available = left_after(size, first);
  if (available < wanted) refuse_truncated(header, path, std::to_string(available), wanted);
  Bytes voxels = allocate(wanted);
  const std::uint64_t found = file.read_at(first, voxels.get(), static_cast<std::size_t>(wanted));
  if (found < wanted) refuse_truncated(header, path, std::to_string(found), wanted);
  return voxels;
}

/// Inflates voxels to the end of the compressed data, where the checksum is.
Bytes inflate_voxels(const ImageHeader& header, const std::filesystem::path& path,
                     std::uint64_t wanted) {
  FileWindow file(header.data);
  // A header that claims more than can be in the file must not cost memory.
  const std::uint64_t most = left_after(file.size(), header.offset) * kMostInflation;
  const std::uint64_t available = left_after(most, header.skipped);
  if (available < wanted) {
    refuse_truncated(header, path, "at most " + std::to_string(available), wanted);
  }
  Bytes voxels = allocate(wanted);
  try {
    Inflater inflater(
        file, header.offset,
        header.encoding == VoxelEncoding::kGzip ? Compression::kGzip : Compression::kZlibOrGzip);
    inflater.skip(header.skipped);
    const std::uint64_t found = inflater.read(voxels.get(), static_cast<std::size_t>(wanted));
    if (found < wanted) refuse_truncated(header, path, std::to_string(found), wanted);
    inflater.skip(std::numeric_limits<std::uint64_t>::max());
    if (header.compressed_bytes.value_or(inflater.taken()) < inflater.taken()) {
      throw Error(ErrorCode::kIo,
                  path.string() + ": its compressed voxels have " +
                      std::to_string(inflater.taken()) + " bytes, but its CompressedDataSize is " +
                      std::to_string(*header.compressed_bytes) + "; convert the original again");
    }
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Error(ErrorCode::kIo, path.string() + ": truncated or damaged (" + error.what() +
                                    "); copy or download it again");
  }
  return voxels;
}

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
  // Refuses axes of no or too many voxels, so that the size below does not overflow.
  const std::int16_t none = 0;
  static_cast<void>(CtVolume(&none, header.shape, header.geometry, nullptr));
  const std::uint64_t wanted =
      static_cast<std::uint64_t>(header.shape.voxels()) * size_of(header.type);
  const bool compressed =
      header.encoding == VoxelEncoding::kZlib || header.encoding == VoxelEncoding::kGzip;
  const Bytes voxels =
      compressed ? inflate_voxels(header, path, wanted) : read_raw(header, path, wanted);
  return with_type(header.type, [&](auto* type) {
    return as_volume(static_cast<decltype(type)>(voxels.get()), header, voxels);
  });
}

using ReadHeader = ImageHeader (*)(const std::filesystem::path&);

constexpr std::array<std::pair<std::string_view, ReadHeader>, 6> kFormats{{
    {".mhd", read_meta_image_header},
    {".mha", read_meta_image_header},
    {".nii", read_nifti_header},
    {".nii.gz", read_nifti_header},
    {".nrrd", read_nrrd_header},
    {".nhdr", read_nrrd_header},
}};

ReadHeader reader_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  std::string known;
  for (const auto& [suffix, reader] : kFormats) {
    if (name.ends_with(suffix)) return reader;
    known += std::string(suffix) + ", ";
  }
  throw Error(ErrorCode::kInvalidArgument, path.string() +
                                               ": unknown kind of file; expected one of " + known +
                                               "or a folder with the slices of a DICOM series");
}

}  // namespace

std::vector<std::string> image_suffixes() {
  std::vector<std::string> suffixes;
  for (const auto& format : kFormats) suffixes.emplace_back(format.first);
  return suffixes;
}

CtVolume read_image(const std::filesystem::path& path) {
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
