/// What the headers of NIfTI files mean, of versions 1 and 2.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "io/images/file_kinds.h"
#include "io/images/header.h"
#include "io/images/nifti_header.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

using nifti::Affine;
using nifti::Header;

/// Sizes of columns, rows and slices.
std::array<std::int64_t, 3> sizes_of(const std::filesystem::path& path, const Header& header) {
  constexpr int kVector = 1007, kSymmetric = 1005, kMatrix = 1004;  // intents
  std::array<std::int64_t, 8> dim = header.dim;
  if (dim[0] < 1 || dim[0] > 7) {
    refuse_unreadable(path, "it has " + std::to_string(dim[0]) + " dimensions, expected 1 to 7");
  }
  for (auto axis = static_cast<std::size_t>(dim[0]) + 1; axis < dim.size(); ++axis) dim[axis] = 1;
  std::int64_t values = 1;
  if (header.intent == kMatrix) refuse_unsupported(path, "its voxels are matrices");
  if (header.intent == kVector || header.intent == kSymmetric) std::swap(values, dim[5]);
  const std::vector<std::int64_t> sizes(dim.begin() + 1, dim.begin() + 1 + dim[0]);
  const std::size_t axes = dim[0] < 3 ? sizes.size() : axes_in_use(sizes);
  require_scalar_volume(path, static_cast<std::int64_t>(axes), values, volumes_of(sizes));
  return {dim[1], dim[2], dim[3]};
}

VoxelType type_of(const std::filesystem::path& path, int code) {
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
    case 2048:
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

/// \param direction  tolerance of the axes' unit vectors
/// \param place      tolerance of the first voxel's position
bool are_close(const Affine& a, const Affine& b, double direction, double place) {
  const Matrix3 first = directions(a), second = directions(b);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      if (!(std::abs(first[i][j] - second[i][j]) <= direction)) return false;
    }
    if (!(std::abs(a[i][3] - b[i][3]) <= place)) return false;
  }
  return true;
}

/// The spacing comes from pixdim, as for ITK, so that an sform of another scale would place voxels
/// wrongly, and so would a negative spacing, which reverses an axis.
/// \throws Error kBadVolume
void require_scale_of_pixdim(const std::filesystem::path& path, const Header& header,
                             const Affine& sform) {
  constexpr double kTolerance = 1e-3;
  std::string lengths, spacings;
  bool agree = true;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double expected = length(sform, axis);
    const double found = header.pixdim[axis + 1];
    agree = agree && std::abs(expected - found) <= kTolerance * expected;
    lengths += " " + number_text(expected);
    spacings += " " + number_text(found);
  }
  if (agree) return;
  throw Error(ErrorCode::kBadVolume,
              path.string() + ": the axes of its sform have steps of" + lengths +
                  ", but its pixdim says" + spacings +
                  "; correct the one that is wrong, or convert the original again");
}

/// Map of the qform. Version 1 stores and computes in float32.
Affine rotated_by_qform(const Header& header, const Vec3& spacing) {
  const nifti::Quaternion quaternion{header.quatern[0], header.quatern[1], header.quatern[2],
                                     header.pixdim[0]};
  Affine affine = nifti::from_quaternion(quaternion, header.qoffset, spacing);
  if (header.version == 1) {
    for (auto& row : affine) {
      for (double& value : row) value = static_cast<double>(static_cast<float>(value));
    }
  }
  return affine;
}

/// The sform, unless there is none, its axes are not perpendicular, or it is of another space than
/// the scanner's and differs from the qform. ITK chooses alike.
/// \param notes  receives which was taken if they differ
Affine choose_affine(const std::filesystem::path& path, const Header& header, const Vec3& spacing,
                     std::vector<std::string>& notes) {
  constexpr double kClose = static_cast<double>(1e-4F);
  // Wider than what float32 rounds off: a note is for forms that place the patient differently.
  constexpr double kNotedTurn = 2e-3, kNotedShift = 0.05;
  const Affine rotated = rotated_by_qform(header, spacing);
  const bool has_qform = header.qform > nifti::kUnknown, has_sform = header.sform > nifti::kUnknown;
  const bool is_usable = has_sform && is_orthogonal(header.srow);
  const bool takes_sform = is_usable && (!has_qform || header.sform == nifti::kScannerAnat ||
                                         are_close(header.srow, rotated, 1e-4, kClose));
  if (takes_sform) require_scale_of_pixdim(path, header, header.srow);
  if (!takes_sform && !has_qform) {
    refuse_unsupported(path, "the axes of its sform are not perpendicular, and it has no qform");
  }
  const std::string codes =
      " (codes " + std::to_string(header.sform) + " and " + std::to_string(header.qform) + ")";
  if (has_sform && !is_usable) {
    notes.push_back("the axes of the file's sform are not perpendicular, so its qform was taken" +
                    codes);
  } else if (has_sform && has_qform && !are_close(header.srow, rotated, kNotedTurn, kNotedShift)) {
    notes.push_back("the file's sform and qform place the patient differently" + codes + "; its " +
                    (takes_sform ? "sform" : "qform") + " was taken");
  }
  return takes_sform ? header.srow : rotated;
}

/// Factor that turns the header's unit of length into millimetres.
double millimetres(const Header& header, std::vector<std::string>& notes) {
  const int units = header.units & 7;
  const bool is_metre = units == nifti::kUnitsMetre;
  if (!is_metre && units != nifti::kUnitsMicrometre) return 1;
  notes.push_back(std::string("the file's header gives lengths in ") +
                  (is_metre ? "metres" : "micrometres") + " (xyzt_units " +
                  std::to_string(header.units) + "), which were converted to mm");
  return is_metre ? 1e3 : 1e-3;
}

void read_geometry(const std::filesystem::path& path, const Header& header, ImageHeader& image) {
  StatedGeometry stated;
  Vec3 pixdim;
  for (std::size_t i = 0; i < 3; ++i) {
    pixdim[i] = header.pixdim[i + 1];
    if (pixdim[i] == 0 || !std::isfinite(pixdim[i])) {
      pixdim[i] = 1;
      stated.spacing = false;
    }
  }
  const double mm = millimetres(header, image.notes);
  Vec3 origin{}, spacing;
  for (std::size_t i = 0; i < 3; ++i) spacing[i] = mm * pixdim[i];
  Matrix3 axes{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  if (header.qform > nifti::kUnknown || header.sform > nifti::kUnknown) {
    const Affine affine = choose_affine(path, header, pixdim, image.notes);
    axes = directions(affine);
    for (std::size_t i = 0; i < 3; ++i) {
      const double to_lps = i < 2 ? -1.0 : 1.0;
      origin[i] = to_lps * mm * affine[i][3];
      for (Vec3& axis : axes) axis[i] *= to_lps;
    }
  } else {
    stated.orientation = stated.position = false;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (pixdim[i] > 0) continue;
    refuse_header(path,
                  "its pixdim[" + std::to_string(i + 1) + "] is " + number_text(pixdim[i]) +
                      ", expected a positive spacing. Readers disagree on what a negative one "
                      "means: some reverse the axis, which mirrors the patient; correct it, "
                      "or convert the original again");
  }
  image.geometry = image_geometry(origin, spacing, axes);
  note_assumptions(image, stated);
}

/// Slope and intercept. As the format says, a slope of 0 means that voxels are not scaled; neither
/// are they where it is not finite, for example NaN as nibabel writes.
void read_scale(const Header& header, ImageHeader& image) {
  constexpr double kLeast = std::numeric_limits<double>::epsilon();
  const double slope = header.slope, intercept = header.intercept;
  if (!std::isfinite(slope) || std::abs(slope) < kLeast) {
    const bool says_nothing = intercept == 0 || !std::isfinite(intercept);
    if (says_nothing && (slope == 0 || std::isnan(slope))) return;
    image.notes.push_back("the file's scl_slope is " + number_text(slope) +
                          ", so that its scl_inter of " + number_text(intercept) +
                          " does not count either: voxels were not scaled");
    return;
  }
  image.slope = slope;
  if (std::isfinite(intercept)) {
    image.intercept = intercept;
  } else {
    image.notes.push_back("the file's scl_inter is " + number_text(intercept) +
                          " beside a scl_slope of " + number_text(slope) + "; it was taken as 0");
  }
}

std::uint64_t voxel_offset(const std::filesystem::path& path, const Header& header) {
  constexpr double kMost = 1 << 30;
  const std::size_t least = header.is_pair ? 0 : nifti::first_voxel(header.version);
  if (!(header.voxel_offset >= static_cast<double>(least) && header.voxel_offset <= kMost)) {
    refuse_unreadable(path, "its vox_offset is " + std::to_string(header.voxel_offset) +
                                ", expected " + std::to_string(least) + " or more");
  }
  return static_cast<std::uint64_t>(header.voxel_offset);
}

}  // namespace

ImageHeader read_nifti_header(const std::filesystem::path& path) {
  const Header header = nifti::read_header(path);
  ImageHeader image;
  image.big_endian = header.big_endian;
  const std::array<std::int64_t, 3> sizes = sizes_of(path, header);
  image.shape = {sizes[2], sizes[1], sizes[0]};
  image.type = type_of(path, header.datatype);
  if (header.intent != 0) {
    image.notes.push_back(
        "the file's header says that its voxels are no plain intensities (intent code " +
        std::to_string(header.intent) + "); they were read as Hounsfield units");
  }
  read_geometry(path, header, image);
  read_scale(header, image);
  const std::filesystem::path voxels = header.is_pair ? nifti::voxels_of_pair(path) : path;
  image.files = {voxels};
  const bool compressed = header.is_pair ? is_gzip(voxels) : header.compressed;
  image.encoding = compressed ? VoxelEncoding::kGzip : VoxelEncoding::kRaw;
  image.skipped = voxel_offset(path, header);
  return image;
}

}  // namespace lungrt::io
