/// Headers of NRRD files: lines "name: value" up to an empty one.

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/images/data_files.h"
#include "io/images/file_kinds.h"
#include "io/images/header.h"
#include "io/images/text_header.h"
#include "io/numbers.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMostAxes = 16;  // as in the format's own library

/// Fields that the format has, without blanks. A misspelt field must not be ignored.
constexpr std::string_view kFields =
    " content number type blocksize dimension space sizes spacings spacedimension thicknesses "
    "axismins axismaxs centers spacedirections centerings kinds labels units min max oldmin oldmax "
    "endian encoding lineskip byteskip keyvalue sampleunits spaceunits spaceorigin "
    "measurementframe datafile axisunits axislabels ";

constexpr std::array<std::pair<std::string_view, VoxelType>, 40> kTypes{{
    {"signed char", VoxelType::kInt8},
    {"int8", VoxelType::kInt8},
    {"int8_t", VoxelType::kInt8},
    {"uchar", VoxelType::kUint8},
    {"unsigned char", VoxelType::kUint8},
    {"uint8", VoxelType::kUint8},
    {"uint8_t", VoxelType::kUint8},
    {"short", VoxelType::kInt16},
    {"short int", VoxelType::kInt16},
    {"signed short", VoxelType::kInt16},
    {"signed short int", VoxelType::kInt16},
    {"int16", VoxelType::kInt16},
    {"int16_t", VoxelType::kInt16},
    {"ushort", VoxelType::kUint16},
    {"unsigned short", VoxelType::kUint16},
    {"unsigned short int", VoxelType::kUint16},
    {"uint16", VoxelType::kUint16},
    {"uint16_t", VoxelType::kUint16},
    {"int", VoxelType::kInt32},
    {"signed int", VoxelType::kInt32},
    {"int32", VoxelType::kInt32},
    {"int32_t", VoxelType::kInt32},
    {"uint", VoxelType::kUint32},
    {"unsigned int", VoxelType::kUint32},
    {"uint32", VoxelType::kUint32},
    {"uint32_t", VoxelType::kUint32},
    {"longlong", VoxelType::kInt64},
    {"long long", VoxelType::kInt64},
    {"long long int", VoxelType::kInt64},
    {"signed long long", VoxelType::kInt64},
    {"signed long long int", VoxelType::kInt64},
    {"int64", VoxelType::kInt64},
    {"int64_t", VoxelType::kInt64},
    {"ulonglong", VoxelType::kUint64},
    {"unsigned long long", VoxelType::kUint64},
    {"unsigned long long int", VoxelType::kUint64},
    {"uint64", VoxelType::kUint64},
    {"uint64_t", VoxelType::kUint64},
    {"float", VoxelType::kFloat32},
    {"double", VoxelType::kFloat64},
}};

/// A text in lower case without blanks, because names vary in both.
std::string plain(std::string_view text) {
  const std::string small = lower(text);
  std::string result;
  for (const std::string_view word : words(small)) result += word;
  return result;
}

void require_magic(const std::filesystem::path& path, std::string_view line) {
  constexpr std::array<std::string_view, 6> kMagics{"NRRD00.01", "NRRD0001", "NRRD0002",
                                                    "NRRD0003",  "NRRD0004", "NRRD0005"};
  if (std::find(kMagics.begin(), kMagics.end(), trimmed(line)) == kMagics.end()) {
    refuse_unreadable(path, "it does not begin with NRRD0001 to NRRD0005");
  }
}

/// \param lines  of the file; the next one will be the first after the header
HeaderFields read_fields(const std::filesystem::path& path, HeaderLines& lines) {
  HeaderFields fields(path);
  std::string_view line;
  lines.next(line);
  require_magic(path, line);
  while (lines.next(line) && !trimmed(line).empty()) {
    if (line[0] == '#') continue;
    const std::size_t separator = line.find(": ");
    const std::string name = plain(line.substr(0, separator));
    if (separator == std::string_view::npos ||
        kFields.find(" " + name + " ") == std::string_view::npos) {
      if (line.find(":=") != std::string_view::npos) continue;  // a key and its value
      refuse_unreadable(path, "its header has the line '" + excerpt(trimmed(line)) +
                                  "', which is no field of an NRRD file");
    }
    if (fields.has(name)) refuse_unreadable(path, "its header has two fields '" + name + "'");
    fields.set(name, trimmed(line.substr(separator + 1)));
    // Names of files may follow.
    if (name == "datafile" && fields.text(name).rfind("LIST", 0) == 0) break;
  }
  return fields;
}

bool is_nan(double value) { return std::isnan(value); }

/// Number in a word, NaN if it says that there is none.
double number(const HeaderFields& fields, const std::string& name, std::string_view word) {
  double value = kMissing;
  if (!parse_number(word, value) && lower(word) != "nan") fields.refuse(name, "numbers");
  return value;
}

/// One number for each axis, NaN where there is none.
std::vector<double> per_axis(const HeaderFields& fields, const std::string& name,
                             std::size_t count) {
  if (!fields.has(name)) return std::vector<double>(count, kMissing);
  const std::string text = fields.text(name);
  std::vector<double> result;
  for (const std::string_view word : words(text)) result.push_back(number(fields, name, word));
  if (result.size() != count) fields.refuse(name, std::to_string(count) + " numbers");
  return result;
}

/// Vectors such as "(1,0,0) none (0,0,1)"; nothing for "none" and for three NaNs.
std::vector<std::optional<Vec3>> vectors(const HeaderFields& fields, const std::string& name,
                                         std::size_t count) {
  const std::string text = fields.text(name);
  const std::string expected = std::to_string(count) + " vectors such as (1,0,0)";
  std::string_view rest = trimmed(text);
  std::vector<std::optional<Vec3>> result;
  while (!rest.empty()) {
    if (lower(rest.substr(0, 4)) == "none") {
      result.emplace_back();
      rest = trimmed(rest.substr(4));
      continue;
    }
    const std::size_t end = rest.find(')');
    if (rest[0] != '(' || end == std::string_view::npos) fields.refuse(name, expected);
    std::string inside(rest.substr(1, end - 1));
    if (std::count(inside.begin(), inside.end(), ',') != 2) fields.refuse(name, expected);
    std::replace(inside.begin(), inside.end(), ',', ' ');
    const std::vector<std::string_view> parts = words(inside);
    if (parts.size() != 3) fields.refuse(name, expected);
    Vec3 vector;
    for (std::size_t i = 0; i < 3; ++i) vector[i] = number(fields, name, parts[i]);
    const auto missing = std::count_if(vector.begin(), vector.end(), is_nan);
    if (missing != 0 && missing != 3) {
      fields.refuse(name, "vectors of which all numbers or none are NaN");
    }
    result.push_back(missing == 0 ? std::optional(vector) : std::nullopt);
    rest = trimmed(rest.substr(end + 1));
  }
  if (result.size() != count) fields.refuse(name, expected);
  return result;
}

/// Factors that turn coordinates of the file's space into LPS. Spaces of unknown orientation are
/// taken as LPS, as ITK does.
/// \param is_known  becomes whether the space's orientation is
Vec3 to_lps(const HeaderFields& fields, bool& is_known) {
  is_known = false;
  if (!fields.has("space")) {
    const std::int64_t dimensions = fields.integer("spacedimension", 3);
    if (dimensions != 3) {
      refuse_unsupported(fields.path(),
                         "its space has " + std::to_string(dimensions) + " dimensions");
    }
    return {1, 1, 1};
  }
  is_known = true;
  const std::string space = lower(fields.text("space"));
  if (space == "right-anterior-superior" || space == "ras") return {-1, -1, 1};
  if (space == "left-anterior-superior" || space == "las") return {1, -1, 1};
  if (space == "left-posterior-superior" || space == "lps") return {1, 1, 1};
  is_known = false;
  constexpr std::array<std::string_view, 3> kOthers{"scanner-xyz", "3d-right-handed",
                                                    "3d-left-handed"};
  if (std::find(kOthers.begin(), kOthers.end(), space) == kOthers.end()) {
    refuse_unsupported(fields.path(), "its space is '" + excerpt(fields.text("space")) +
                                          "' and not one such as left-posterior-superior");
  }
  return {1, 1, 1};
}

/// World position of the first voxel along an axis of a file without a space.
double first_position(double lowest, double highest, double spacing, std::int64_t size,
                      const std::string& centering) {
  const bool at_nodes = centering == "node";
  const double step = !std::isnan(spacing)
                          ? spacing
                          : (highest - lowest) / static_cast<double>(at_nodes ? size - 1 : size);
  return at_nodes ? lowest : lowest + step / 2;
}

/// Axes of a file that have an extent in space.
struct DomainAxes {
  std::size_t all = 0;  ///< number of axes of the file
  std::vector<std::size_t> indices;
  std::vector<std::int64_t> sizes;
  std::vector<std::string> centerings;  ///< of all axes of the file, or empty
};

/// One word in lower case for each axis; empty if there is no such field.
std::vector<std::string> axis_words(const HeaderFields& fields, const std::string& name,
                                    std::size_t count) {
  const std::string text = lower(fields.text(name));
  const std::vector<std::string_view> found = words(text);
  if (fields.has(name) && found.size() != count) {
    fields.refuse(name, std::to_string(count) + " " + name);
  }
  return {found.begin(), found.end()};
}

DomainAxes domain_axes(const HeaderFields& fields) {
  const std::int64_t count = fields.integers("dimension", 1)[0];
  if (count < 1 || count > kMostAxes) fields.refuse("dimension", "1 to 16");
  const std::vector<std::int64_t> sizes = fields.integers("sizes", static_cast<std::size_t>(count));
  const std::vector<std::string> kinds = axis_words(fields, "kinds", sizes.size());
  if (fields.has("centers") && fields.has("centerings")) {
    refuse_unreadable(fields.path(), "its header has both centers and centerings");
  }
  constexpr std::array<std::string_view, 5> kDomain{"domain", "space", "time", "none", "???"};
  DomainAxes axes;
  axes.all = sizes.size();
  axes.centerings = axis_words(fields, fields.has("centers") ? "centers" : "centerings", axes.all);
  std::int64_t values = 1;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    if (kinds.empty() || std::find(kDomain.begin(), kDomain.end(), kinds[axis]) != kDomain.end()) {
      axes.indices.push_back(axis);
      axes.sizes.push_back(sizes[axis]);
    } else {
      values = sizes[axis] == 1 ? values : sizes[axis];
    }
  }
  const std::size_t used = axes.sizes.size() < 3 ? axes.sizes.size() : axes_in_use(axes.sizes);
  require_scalar_volume(fields.path(), static_cast<std::int64_t>(used), values,
                        volumes_of(axes.sizes));
  axes.indices.resize(used);  // a file of one volume may have further axes of size 1
  axes.sizes.resize(used);
  return axes;
}

/// Units of a space, in quotes and one for each of its axes. ITK ignores them, so that a file with
/// another unit than mm would be another size elsewhere.
void require_millimetres(const HeaderFields& fields) {
  std::string units = lower(fields.text("spaceunits"));
  std::replace(units.begin(), units.end(), '"', ' ');
  for (const std::string_view unit : words(units)) {
    if (unit == "mm" || unit == "millimeter" || unit == "millimetre" || unit == "???") continue;
    refuse_header(fields.path(), "its space units are '" + excerpt(unit) +
                                     "', which some readers convert and others ignore; write its "
                                     "space directions and space origin in mm");
  }
}

/// Whether positions are in a space, in which axes have directions.
bool is_in_space(const HeaderFields& fields) {
  return fields.has("space") || fields.has("spacedimension");
}

/// Axes without a direction are those of LPS, with a spacing of 1 mm, as for ITK.
Geometry geometry_in_space(const HeaderFields& fields, const DomainAxes& domain,
                           StatedGeometry& stated) {
  require_millimetres(fields);
  for (const char* name : {"spacings", "axismins", "axismaxs"}) {
    const std::vector<double> values = per_axis(fields, name, domain.all);
    for (const std::size_t axis : domain.indices) {
      if (is_nan(values[axis])) continue;
      refuse_unreadable(fields.path(), "its header has both a space and " + std::string(name) +
                                           "; expected space directions and space origin");
    }
  }
  const Vec3 factors = to_lps(fields, stated.orientation);
  stated.position = fields.has("spaceorigin");
  std::vector<std::optional<Vec3>> directions(domain.all);
  if (fields.has("spacedirections")) directions = vectors(fields, "spacedirections", domain.all);
  Vec3 origin{}, spacing{1, 1, 1};
  Matrix3 axes{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  if (fields.has("spaceorigin")) {
    const Vec3 found = vectors(fields, "spaceorigin", 1)[0].value_or(Vec3{});
    for (std::size_t i = 0; i < 3; ++i) origin[i] = factors[i] * found[i];
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::optional<Vec3>& vector = directions[domain.indices[axis]];
    if (!vector) {
      stated.spacing = stated.orientation = false;
      continue;
    }
    double squares = 0;
    for (const double value : *vector) squares += value * value;
    spacing[axis] = std::sqrt(squares);
    for (std::size_t i = 0; i < 3; ++i)
      axes[axis][i] = factors[i] * (*vector)[i] * (1.0 / spacing[axis]);
  }
  return image_geometry(origin, spacing, axes);
}

Geometry geometry_without_space(const HeaderFields& fields, const DomainAxes& domain,
                                StatedGeometry& stated) {
  stated.orientation = false;
  for (const char* name : {"spacedirections", "spaceorigin"}) {
    if (!fields.has(name)) continue;
    refuse_unreadable(fields.path(), "its header has the field '" + std::string(name) +
                                         "' but no space that it refers to; expected a field "
                                         "'space' such as left-posterior-superior");
  }
  const std::vector<double> spacings = per_axis(fields, "spacings", domain.all);
  const std::vector<double> lowest = per_axis(fields, "axismins", domain.all);
  const std::vector<double> highest = per_axis(fields, "axismaxs", domain.all);
  Vec3 origin, spacing;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t i = domain.indices[axis];
    spacing[axis] = std::isnan(spacings[i]) ? 1 : spacings[i];
    stated.spacing = stated.spacing && !std::isnan(spacings[i]);
    origin[axis] = first_position(lowest[i], highest[i], spacings[i], domain.sizes[axis],
                                  domain.centerings.empty() ? "" : domain.centerings[i]);
  }
  stated.position = std::none_of(origin.begin(), origin.end(), is_nan);
  if (!stated.position) origin = {0, 0, 0};
  return image_geometry(origin, spacing, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
}

VoxelType type_of(const HeaderFields& fields) {
  std::string name;
  const std::string text = lower(fields.required("type"));
  for (const std::string_view word : words(text))
    name += (name.empty() ? "" : " ") + std::string(word);
  const auto* const known = std::find_if(kTypes.begin(), kTypes.end(),
                                         [&](const auto& type) { return type.first == name; });
  if (known == kTypes.end()) refuse_type(fields.path(), excerpt(name));
  return known->second;
}

bool is_big_endian(const HeaderFields& fields, VoxelType type) {
  if (type == VoxelType::kInt8 || type == VoxelType::kUint8) return false;
  const std::string order = lower(fields.required("endian"));
  if (order != "little" && order != "big") fields.refuse("endian", "little or big");
  return order == "big";
}

VoxelEncoding encoding_of(const HeaderFields& fields, bool at_end) {
  const std::string name = plain(fields.required("encoding"));
  if (name == "raw") return at_end ? VoxelEncoding::kRawAtEnd : VoxelEncoding::kRaw;
  if (at_end) {
    refuse_unsupported(
        fields.path(),
        "its voxels are at the end of a file (byte skip -1) and not raw, but " + excerpt(name));
  }
  if (name == "gzip" || name == "gz") return VoxelEncoding::kGzip;
  if (name == "bzip2" || name == "bz2") return VoxelEncoding::kBzip2;
  if (name == "ascii" || name == "text" || name == "txt") return VoxelEncoding::kText;
  if (name == "hex") return VoxelEncoding::kHex;
  refuse_unsupported(fields.path(), "the encoding of its voxels is " + excerpt(name));
}

/// \param lines  after the header, where attached voxels or names of files begin
/// \param sizes  of all axes
void find_voxels(const HeaderFields& fields, const HeaderLines& lines,
                 const std::vector<std::int64_t>& sizes, ImageHeader& header) {
  const std::filesystem::path& path = fields.path();
  const std::string data = fields.text("datafile");
  const std::int64_t skipped = fields.integer("byteskip", 0);  // -1: up to the last bytes
  if (skipped < -1) fields.refuse("byteskip", "-1 or more");
  const std::int64_t skipped_lines = fields.integer("lineskip", 0);
  if (skipped_lines < 0) fields.refuse("lineskip", "0 or more");
  header.encoding = encoding_of(fields, skipped < 0);
  if (names_several_files(data)) {
    header.files = data_files(path, data, lines.rest(), sizes);
  } else {
    header.files = {data.empty() ? path : data_file(path, data)};
    header.offset = data.empty() ? lines.end() : 0;
  }
  header.skipped_lines = static_cast<std::uint64_t>(skipped_lines);
  if (skipped > 0) header.skipped = static_cast<std::uint64_t>(skipped);
  if (header.encoding == VoxelEncoding::kText) {
    header.big_endian = std::endian::native == std::endian::big;
  } else {
    header.big_endian = is_big_endian(fields, header.type);
  }
}

}  // namespace

ImageHeader read_nrrd_header(const std::filesystem::path& path) {
  require_kind(path, {"an NRRD file"});
  HeaderLines lines(path);
  const HeaderFields fields = read_fields(path, lines);
  const DomainAxes axes = domain_axes(fields);
  ImageHeader header;
  header.shape = {axes.sizes[2], axes.sizes[1], axes.sizes[0]};
  StatedGeometry stated;
  header.geometry = is_in_space(fields) ? geometry_in_space(fields, axes, stated)
                                        : geometry_without_space(fields, axes, stated);
  note_assumptions(header, stated);
  header.type = type_of(fields);
  find_voxels(fields, lines, axes.sizes, header);
  return header;
}

}  // namespace lungrt::io
