#include "io/images/write_image.h"

#define ZLIB_CONST  // zlib does not write to its input
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include "io/images/nifti.h"
#include "lungrt/error.h"
#include "lungrt/output_file.h"

namespace lungrt::io {
namespace {

constexpr bool kBigEndian = std::endian::native == std::endian::big;

/// Names of a voxel type in the three formats.
struct TypeNames {
  std::string_view meta_image, nrrd;
  std::int16_t nifti;
  std::size_t bytes;
};

TypeNames names_of(VoxelType type) {
  if (type == VoxelType::kUint8) return {"MET_UCHAR", "uint8", 2, 1};
  if (type == VoxelType::kInt32) return {"MET_INT", "int32", 8, 4};
  throw Error(ErrorCode::kInvalidArgument, "masks are uint8 or int32");
}

class Deflater {
 public:
  explicit Deflater(bool as_gzip) {
    constexpr int kGzipHeader = 16, kMemoryLevel = 8;  // as deflateInit2 wants them
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                     MAX_WBITS + (as_gzip ? kGzipHeader : 0), kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  void add(std::string_view bytes, bool last) {
    do {
      const auto size = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      stream_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
      stream_.avail_in = static_cast<uInt>(size);
      bytes.remove_prefix(size);
      drain(last && bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    } while (!bytes.empty());
  }
  std::string take() { return std::move(result_); }

 private:
  void drain(int flush) {
    std::array<char, 1 << 16> output;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(output.data());
      stream_.avail_out = static_cast<uInt>(output.size());
      deflate(&stream_, flush);  // cannot fail: the state is valid, and there is room
      result_.append(output.data(), output.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
  std::string result_;
};

/// \param parts  not empty
std::string deflated(std::initializer_list<std::string_view> parts, bool as_gzip) {
  Deflater deflater(as_gzip);
  for (const std::string_view& part : parts) deflater.add(part, &part == parts.end() - 1);
  return deflater.take();
}

/// The shortest text that is read back as the same number.
std::string text(double value) {
  std::array<char, 32> digits;
  const auto [end, status] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end};
}

std::string joined(const Vec3& values, const char* separator) {
  return text(values[0]) + separator + text(values[1]) + separator + text(values[2]);
}

std::string sizes_of(const VolumeShape& shape) {
  return std::to_string(shape.columns) + " " + std::to_string(shape.rows) + " " +
         std::to_string(shape.slices);
}

/// World direction of an image axis.
Vec3 axis_of(const Geometry& geometry, std::size_t axis) {
  const Matrix3& rows = geometry.direction();
  return {rows[0][axis], rows[1][axis], rows[2][axis]};
}

/// Writes a file from its parts, in their order.
void write_file(const std::filesystem::path& path, std::initializer_list<std::string_view> parts) {
  OutputFile file(path.string());
  for (const std::string_view part : parts) file.write(part);
  file.commit();
}

void write_meta_image(const std::filesystem::path& path, std::string_view voxels,
                      const TypeNames& type, const VolumeShape& shape, const Geometry& geometry) {
  const std::string data = deflated({voxels}, false);
  std::string matrix;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    matrix += " " + joined(axis_of(geometry, axis), " ");
  }
  const std::string header =
      "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = " +
      std::string(kBigEndian ? "True" : "False") +
      "\nCompressedData = True\nCompressedDataSize = " + std::to_string(data.size()) +
      "\nTransformMatrix =" + matrix + "\nOffset = " + joined(geometry.origin_mm(), " ") +
      "\nCenterOfRotation = 0 0 0\nElementSpacing = " + joined(geometry.spacing_mm(), " ") +
      "\nDimSize = " + sizes_of(shape) + "\nElementType = " + std::string(type.meta_image) +
      "\nElementDataFile = LOCAL\n";
  write_file(path, {header, data});
}

void write_nrrd(const std::filesystem::path& path, std::string_view voxels, const TypeNames& type,
                const VolumeShape& shape, const Geometry& geometry) {
  std::string directions;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    Vec3 step = axis_of(geometry, axis);
    for (double& value : step) value *= geometry.spacing_mm()[axis];
    directions += " (" + joined(step, ",") + ")";
  }
  const std::string header =
      "NRRD0004\ntype: " + std::string(type.nrrd) +
      "\ndimension: 3\nspace: left-posterior-superior\nsizes: " + sizes_of(shape) +
      "\nspace directions:" + directions +
      "\nkinds: domain domain domain\nendian: " + (kBigEndian ? "big" : "little") +
      "\nencoding: gzip\nspace origin: (" + joined(geometry.origin_mm(), ",") + ")\n\n";
  write_file(path, {header, deflated({voxels}, true)});
}

/// The bytes before the voxels of a NIfTI-1 file.
class NiftiHeader {
 public:
  template <typename T>
  void put(std::size_t at, std::size_t index, T value) {
    std::memcpy(bytes_.data() + at + index * sizeof value, &value, sizeof value);
  }
  std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, nifti::kFirstVoxel> bytes_{};
};

/// The format stores float32, in coordinates RAS.
void put_geometry(NiftiHeader& header, const Geometry& geometry) {
  Matrix3 rotation = geometry.direction();
  Vec3 origin = geometry.origin_mm();
  for (std::size_t i = 0; i < 2; ++i) {
    origin[i] = -origin[i];
    for (double& value : rotation[i]) value = -value;
  }
  const nifti::Quaternion q = nifti::to_quaternion(rotation);
  header.put(nifti::kPixdim, 0, static_cast<float>(q.handedness));
  header.put(nifti::kQuatern, 0, static_cast<float>(q.b));
  header.put(nifti::kQuatern, 1, static_cast<float>(q.c));
  header.put(nifti::kQuatern, 2, static_cast<float>(q.d));
  for (std::size_t i = 0; i < 3; ++i) {
    header.put(nifti::kPixdim, i + 1, static_cast<float>(geometry.spacing_mm()[i]));
    header.put(nifti::kQoffset, i, static_cast<float>(origin[i]));
    for (std::size_t axis = 0; axis < 3; ++axis) {
      header.put(nifti::kSrow, 4 * i + axis,
                 static_cast<float>(rotation[i][axis] * geometry.spacing_mm()[axis]));
    }
    header.put(nifti::kSrow, 4 * i + 3, static_cast<float>(origin[i]));
  }
  header.put(nifti::kXyztUnits, 0, nifti::kUnitsMillimetre);
  header.put(nifti::kQformCode, 0, std::int16_t{nifti::kScannerAnat});
  header.put(nifti::kSformCode, 0, std::int16_t{nifti::kScannerAnat});
}

void write_nifti(const std::filesystem::path& path, std::string_view voxels, const TypeNames& type,
                 const VolumeShape& shape, const Geometry& geometry) {
  constexpr std::int64_t kLongest = std::numeric_limits<std::int16_t>::max();
  const std::array<std::int64_t, 8> dim{3, shape.columns, shape.rows, shape.slices, 1, 1, 1, 1};
  if (*std::max_element(dim.begin(), dim.end()) > kLongest) {
    throw Error(ErrorCode::kIo, path.string() + ": cannot be written (an axis of " +
                                    sizes_of(shape) + " voxels is longer than " +
                                    std::to_string(kLongest) +
                                    ", the most that NIfTI allows); write .nrrd or .mha instead");
  }
  NiftiHeader header;
  header.put(0, 0, static_cast<std::int32_t>(nifti::kHeaderBytes));
  for (std::size_t i = 0; i < dim.size(); ++i) {
    header.put(nifti::kDim, i, static_cast<std::int16_t>(dim[i]));
  }
  header.put(nifti::kDatatype, 0, type.nifti);
  header.put(nifti::kBitpix, 0, static_cast<std::int16_t>(8 * type.bytes));
  header.put(nifti::kVoxOffset, 0, static_cast<float>(nifti::kFirstVoxel));
  header.put(nifti::kSclSlope, 0, 1.0F);
  put_geometry(header, geometry);
  header.put(nifti::kMagic, 0, std::array<char, 4>{'n', '+', '1', '\0'});
  write_file(path, {deflated({header.bytes(), voxels}, true)});
}

}  // namespace

void write_image(const std::filesystem::path& path, const void* voxels, VoxelType type,
                 const VolumeShape& shape, const Geometry& geometry) {
  const TypeNames names = names_of(type);
  const std::string_view bytes(static_cast<const char*>(voxels),
                               static_cast<std::size_t>(shape.voxels()) * names.bytes);
  const std::filesystem::path suffix = path.extension();
  const auto write = suffix == ".gz"     ? write_nifti
                     : suffix == ".nrrd" ? write_nrrd
                                         : write_meta_image;
  write(path, bytes, names, shape, geometry);
}

}  // namespace lungrt::io
