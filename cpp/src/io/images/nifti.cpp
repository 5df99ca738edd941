/// Headers of NIfTI-1 files.

#include "io/images/nifti.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>

#include "io/byte_source.h"
#include "io/images/header.h"
#include "io/inflate.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

using nifti::Affine;

/// The bytes of a header, of either byte order.
class Fields {
 public:
  using Bytes = std::array<unsigned char, nifti::kFirstVoxel>;
  Fields(const Bytes& bytes, bool swapped) : bytes_(bytes), swapped_(swapped) {}

  template <typename T>
  T get(std::size_t at, std::size_t index = 0) const {
    std::array<unsigned char, sizeof(T)> value;
    const auto* const first = bytes_.data() + at + index * sizeof(T);
    std::copy(first, first + sizeof(T), value.begin());
    if (swapped_) std::reverse(value.begin(), value.end());
    return std::bit_cast<T>(value);
  }

 private:
  Bytes bytes_;
  bool swapped_;
};

Fields::Bytes read_bytes(const std::filesystem::path& path, bool compressed) {
  FileWindow file(path);
  Fields::Bytes bytes{};
  std::size_t found = 0;
  if (compressed) {
    try {
      Inflater inflater(file, 0, Compression::kGzip);
      found = inflater.read(bytes.data(), bytes.size());
    } catch (const Error&) {
      throw;  // names the file
    } catch (const std::runtime_error& error) {
      refuse_unreadable(path, error.what());
    }
  } else {
    const std::string_view start = file.bytes(0, bytes.size());
    std::copy(start.begin(), start.end(), bytes.begin());
    found = start.size();
  }
  if (found < bytes.size()) {
    refuse_unreadable(path, "its header has " + std::to_string(found) + " of " +
                                std::to_string(bytes.size()) + " bytes");
  }
  return bytes;
}

/// \param big_endian  becomes the byte order of header and voxels
Fields read_fields(const std::filesystem::path& path, bool compressed, bool& big_endian) {
  constexpr std::int32_t kVersion1 = nifti::kHeaderBytes, kVersion2 = 540;
  const Fields::Bytes bytes = read_bytes(path, compressed);
  for (const bool swapped : {false, true}) {
    const Fields fields(bytes, swapped);
    const auto size = fields.get<std::int32_t>(0);
    if (size == kVersion2) refuse_unsupported(path, "it is a NIfTI-2 file");
    if (size != kVersion1) continue;
    const auto* const magic = reinterpret_cast<const char*>(bytes.data()) + nifti::kMagic;
    if (std::string_view(magic, 4) != std::string_view("n+1", 4)) {
      refuse_unsupported(path, "its header does not say that it is followed by voxels (magic n+1)");
    }
    big_endian = swapped == (std::endian::native == std::endian::little);
    return fields;
  }
  refuse_unreadable(path, "it does not begin with the size of a NIfTI header");
}

/// Sizes of columns, rows and slices.
std::array<std::int64_t, 3> read_sizes(const std::filesystem::path& path, const Fields& fields) {
  constexpr int kVector = 1007, kSymmetric = 1005, kMatrix = 1004;  // intents
  std::array<std::int64_t, 8> dim;
  for (std::size_t i = 0; i < dim.size(); ++i) dim[i] = fields.get<std::int16_t>(nifti::kDim, i);
  if (dim[0] < 1 || dim[0] > 7) {
    refuse_unreadable(path, "it has " + std::to_string(dim[0]) + " dimensions, expected 1 to 7");
  }
  for (auto axis = static_cast<std::size_t>(dim[0]) + 1; axis < dim.size(); ++axis) dim[axis] = 1;
  const int intent = fields.get<std::int16_t>(nifti::kIntentCode);
  std::int64_t values = 1;
  if (intent == kMatrix) refuse_unsupported(path, "its voxels are matrices");
  if (intent == kVector || intent == kSymmetric) std::swap(values, dim[5]);
  std::int64_t axes = dim[0];
  while (axes > 3 && dim[static_cast<std::size_t>(axes)] == 1) --axes;
  require_scalar_volume(path, axes, values);
  return {dim[1], dim[2], dim[3]};
}

VoxelType type_of(const std::filesystem::path& path, const Fields& fields) {
  const int code = fields.get<std::int16_t>(nifti::kDatatype);
  switch (code) {
    case 2:
      return VoxelType::kUint8;
    case 4:
      return VoxelType::kInt16;
    case 8:
      return VoxelType::kInt32;
    case 16:
      return VoxelType::kFloat32;
    case 64:
      return VoxelType::kFloat64;
    case 256:
      return VoxelType::kInt8;
    case 512:
      return VoxelType::kUint16;
    case 768:
      return VoxelType::kUint32;
    case 1024:
      return VoxelType::kInt64;
    case 1280:
      return VoxelType::kUint64;
    case 32:  // complex numbers
    case 1792:
      require_scalar_volume(path, 3, 2);
      break;
    case 128:  // colours
      require_scalar_volume(path, 3, 3);
      break;
    case 2304:
      require_scalar_volume(path, 3, 4);
      break;
    default:
      break;
  }
  refuse_type(path, std::to_string(code) + " (NIfTI's code)");
}

/// Length of a column of a map.
double length(const Affine& affine, std::size_t axis) {
  double squares = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double value = affine[i][axis];
    squares += value * value;
  }
  return std::sqrt(squares);
}

/// The columns of a map, each of length 1.
Matrix3 directions(const Affine& affine) {
  Matrix3 result{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (std::size_t i = 0; i < 3; ++i) result[axis][i] = affine[i][axis] / length(affine, axis);
  }
  return result;
}

/// Whether all values are finite and the axes are perpendicular to each other.
bool is_orthogonal(const Affine& affine) {
  const Matrix3 axes = directions(affine);
  for (std::size_t a = 0; a < 3; ++a) {
    if (!std::isfinite(affine[a][3])) return false;
    for (std::size_t b = 0; b < 3; ++b) {
      const double product =
          axes[a][0] * axes[b][0] + axes[a][1] * axes[b][1] + axes[a][2] * axes[b][2];
      if (!(std::abs(product - (a == b ? 1.0 : 0.0)) <= 1e-4)) return false;
    }
  }
  return true;
}

bool are_close(const Affine& a, const Affine& b) {
  const Matrix3 first = directions(a), second = directions(b);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      if (!(std::abs(first[i][j] - second[i][j]) <= 1e-4)) return false;
    }
    if (!(std::abs(a[i][3] - b[i][3]) <= 1e-4F)) return false;
  }
  return true;
}

/// The spacing comes from pixdim, as for ITK, so that an sform of another scale would place voxels
/// wrongly, and so would a negative spacing, which reverses an axis.
/// \throws Error kBadVolume
void require_scale_of_pixdim(const std::filesystem::path& path, const Fields& fields,
                             const Affine& sform) {
  constexpr double kTolerance = 1e-3;
  std::string lengths, spacings;
  bool agree = true;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double expected = length(sform, axis);
    const double found = fields.get<float>(nifti::kPixdim, axis + 1);
    agree = agree && std::abs(expected - found) <= kTolerance * expected;
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), " %g", expected);
    lengths += text.data();
    std::snprintf(text.data(), text.size(), " %g", found);
    spacings += text.data();
  }
  if (agree) return;
  throw Error(ErrorCode::kBadVolume,
              path.string() + ": the axes of its sform have steps of" + lengths +
                  ", but its pixdim says" + spacings +
                  "; correct the one that is wrong, or convert the original again");
}

/// The sform, unless there is none, its axes are not perpendicular, or it is of another space than
/// the scanner's and differs from the qform. ITK chooses alike.
Affine choose_affine(const std::filesystem::path& path, const Fields& fields,
                     const std::array<float, 3>& spacing) {
  const auto qform = fields.get<std::int16_t>(nifti::kQformCode);
  const auto sform = fields.get<std::int16_t>(nifti::kSformCode);
  Affine stated;
  for (std::size_t i = 0; i < 12; ++i) {
    stated[i / 4][i % 4] = fields.get<float>(nifti::kSrow, i);
  }
  const std::array<float, 3> offset{fields.get<float>(nifti::kQoffset, 0),
                                    fields.get<float>(nifti::kQoffset, 1),
                                    fields.get<float>(nifti::kQoffset, 2)};
  nifti::Quaternion quaternion{
      fields.get<float>(nifti::kQuatern, 0), fields.get<float>(nifti::kQuatern, 1),
      fields.get<float>(nifti::kQuatern, 2), fields.get<float>(nifti::kPixdim, 0)};
  const Affine rotated = nifti::from_quaternion(quaternion, offset, spacing);
  const bool takes_sform =
      sform > nifti::kUnknown && is_orthogonal(stated) &&
      (qform <= nifti::kUnknown || sform == nifti::kScannerAnat || are_close(stated, rotated));
  if (takes_sform) {
    require_scale_of_pixdim(path, fields, stated);
    return stated;
  }
  if (qform > nifti::kUnknown) return rotated;
  refuse_unsupported(path, "the axes of its sform are not perpendicular, and it has no qform");
}

Geometry geometry_of(const std::filesystem::path& path, const Fields& fields) {
  std::array<float, 3> stored;
  for (std::size_t i = 0; i < 3; ++i) {
    stored[i] = fields.get<float>(nifti::kPixdim, i + 1);
    if (stored[i] == 0 || !std::isfinite(stored[i])) stored[i] = 1;
  }
  const int units = fields.get<std::uint8_t>(nifti::kXyztUnits) & 7;
  const double mm = units == nifti::kUnitsMetre        ? 1e3
                    : units == nifti::kUnitsMicrometre ? 1e-3
                                                       : 1.0;
  Vec3 origin{}, spacing;
  for (std::size_t i = 0; i < 3; ++i) spacing[i] = mm * static_cast<double>(stored[i]);
  Matrix3 axes{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  if (fields.get<std::int16_t>(nifti::kQformCode) > nifti::kUnknown ||
      fields.get<std::int16_t>(nifti::kSformCode) > nifti::kUnknown) {
    const Affine affine = choose_affine(path, fields, stored);
    axes = directions(affine);
    for (std::size_t i = 0; i < 3; ++i) {
      const double to_lps = i < 2 ? -1.0 : 1.0;
      origin[i] = to_lps * mm * static_cast<double>(affine[i][3]);
      for (Vec3& axis : axes) axis[i] *= to_lps;
    }
  }
  return image_geometry(origin, spacing, axes);
}

/// Slope and intercept; those that are not finite do not count, nor does a slope of 0.
void read_scale(const Fields& fields, ImageHeader& header) {
  constexpr double kLeast = std::numeric_limits<double>::epsilon();
  const double slope = fields.get<float>(nifti::kSclSlope);
  const double intercept = fields.get<float>(nifti::kSclInter);
  if (std::isfinite(slope) && std::abs(slope) >= kLeast) header.slope = slope;
  if (std::isfinite(intercept)) header.intercept = intercept;
}

std::uint64_t voxel_offset(const std::filesystem::path& path, const Fields& fields) {
  constexpr float kMost = 1 << 30;
  const auto offset = fields.get<float>(nifti::kVoxOffset);
  if (!(offset >= static_cast<float>(nifti::kFirstVoxel) && offset <= kMost)) {
    refuse_unreadable(path, "its vox_offset is " + std::to_string(offset) + ", expected " +
                                std::to_string(nifti::kFirstVoxel) + " or more");
  }
  return static_cast<std::uint64_t>(offset);
}

}  // namespace

ImageHeader read_nifti_header(const std::filesystem::path& path) {
  ImageHeader header;
  const bool compressed = path.extension() == ".gz";
  const Fields fields = read_fields(path, compressed, header.big_endian);
  const std::array<std::int64_t, 3> sizes = read_sizes(path, fields);
  header.shape = {sizes[2], sizes[1], sizes[0]};
  header.type = type_of(path, fields);
  header.geometry = geometry_of(path, fields);
  read_scale(fields, header);
  header.data = path;
  header.encoding = compressed ? VoxelEncoding::kGzip : VoxelEncoding::kRaw;
  header.skipped = voxel_offset(path, fields);
  return header;
}

}  // namespace lungrt::io
