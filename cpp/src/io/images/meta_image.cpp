/// Headers of MetaImage files: lines "Name = value", of which ElementDataFile is the last.

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/images/data_files.h"
#include "io/images/file_kinds.h"
#include "io/images/header.h"
#include "io/images/text_header.h"
#include "io/utf8.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr const char* kDataFile = "ElementDataFile";

/// Fields that are read here, between blanks.
constexpr std::string_view kFields =
    " NDims DimSize ElementType ElementNumberOfChannels ElementDataFile HeaderSize BinaryData "
    "BinaryDataByteOrderMSB ElementByteOrderMSB CompressedData CompressedDataSize Origin Offset "
    "Position ElementSpacing ElementSize TransformMatrix Rotation Orientation ObjectType "
    "DistanceUnits ElementToIntensityFunctionSlope ElementToIntensityFunctionOffset ";

constexpr std::array<std::pair<std::string_view, VoxelType>, 13> kTypes{{
    {"MET_CHAR", VoxelType::kInt8},
    {"MET_ASCII_CHAR", VoxelType::kInt8},
    {"MET_UCHAR", VoxelType::kUint8},
    {"MET_SHORT", VoxelType::kInt16},
    {"MET_USHORT", VoxelType::kUint16},
    {"MET_INT", VoxelType::kInt32},
    {"MET_LONG", VoxelType::kInt32},
    {"MET_UINT", VoxelType::kUint32},
    {"MET_ULONG", VoxelType::kUint32},
    {"MET_LONG_LONG", VoxelType::kInt64},
    {"MET_ULONG_LONG", VoxelType::kUint64},
    {"MET_FLOAT", VoxelType::kFloat32},
    {"MET_DOUBLE", VoxelType::kFloat64},
}};

VoxelType type_of(const HeaderFields& fields) {
  const std::string name = fields.required("ElementType");
  const auto* const known = std::find_if(kTypes.begin(), kTypes.end(),
                                         [&](const auto& type) { return type.first == name; });
  if (known == kTypes.end()) refuse_type(fields.path(), excerpt(name));
  return known->second;
}

bool is_true(const std::string& value) {
  return !value.empty() && (value[0] == 'T' || value[0] == 't' || value[0] == '1');
}

/// Name of the first of several fields that a header has; the last name if it has none.
std::string first_of(const HeaderFields& fields, std::vector<std::string> names) {
  for (const std::string& name : names) {
    if (fields.has(name)) return name;
  }
  return names.back();
}

/// The first three of the numbers of a field with one for each axis.
Vec3 vector(const HeaderFields& fields, const std::string& name, std::size_t axes,
            const Vec3& otherwise) {
  if (!fields.has(name)) return otherwise;
  const std::vector<double> values = fields.numbers(name, axes);
  return {values[0], values[1], values[2]};
}

/// The field that says whether sizes are in mm. ITK ignores it, so that a file with another unit
/// would be another size elsewhere.
void require_millimetres(const HeaderFields& fields) {
  const std::string unit = lower(fields.text("DistanceUnits"));
  if (unit.empty() || unit == "?" || unit == "mm" || unit == "???") return;
  refuse_header(fields.path(), "its DistanceUnits are '" + excerpt(unit) +
                                   "', which some readers convert and others ignore; write its "
                                   "spacing and offset in mm, with DistanceUnits = mm");
}

/// Fields have several names, of which ITK prefers the first ones here.
/// \param axes  number of axes of the file, of which those after the third have size 1
void read_geometry(const HeaderFields& fields, std::size_t axes, ImageHeader& header) {
  require_millimetres(fields);
  StatedGeometry stated;
  const std::string position = first_of(fields, {"Origin", "Offset", "Position"});
  const Vec3 origin = vector(fields, position, axes, {0, 0, 0});
  stated.position = fields.has(position);
  const std::string size = first_of(fields, {"ElementSpacing", "ElementSize"});
  const Vec3 spacing = vector(fields, size, axes, {1, 1, 1});
  stated.spacing = fields.has(size);
  Matrix3 directions{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const std::string matrix = first_of(fields, {"TransformMatrix", "Rotation", "Orientation"});
  stated.orientation = fields.has(matrix);
  if (stated.orientation) {
    const std::vector<double> values = fields.numbers(matrix, axes * axes);
    for (std::size_t i = 0; i < 9; ++i) directions[i / 3][i % 3] = values[i / 3 * axes + i % 3];
  }
  header.geometry = image_geometry(origin, spacing, directions);
  note_assumptions(header, stated);
}

/// A map of voxels to intensities, which ITK ignores.
void require_plain_values(const HeaderFields& fields) {
  const std::string slope = "ElementToIntensityFunctionSlope";
  const std::string offset = "ElementToIntensityFunctionOffset";
  if ((!fields.has(slope) || fields.numbers(slope, 1)[0] == 1) &&
      (!fields.has(offset) || fields.numbers(offset, 1)[0] == 0)) {
    return;
  }
  refuse_header(fields.path(),
                "its header has a slope or an offset for its voxels (" + slope + ", " + offset +
                    "), which some readers apply and others ignore; store Hounsfield "
                    "units, and remove these fields");
}

/// \param lines  of the file; the next one will be the first after the header
HeaderFields read_fields(const std::filesystem::path& path, HeaderLines& lines) {
  HeaderFields fields(path);
  for (std::string_view line; !fields.has(kDataFile) && lines.next(line);) {
    const std::size_t separator = line.find_first_of("=:");
    if (separator == std::string_view::npos) {
      const std::vector<std::string_view> found = words(line);
      if (found.empty() ||
          kFields.find(" " + std::string(found[0]) + " ") == std::string_view::npos) {
        continue;
      }
      refuse_unreadable(path, "its header has the line '" + excerpt(line) + "', expected '" +
                                  std::string(found[0]) + " = ...'");
    }
    fields.set(std::string(trimmed(line.substr(0, separator))),
               trimmed(line.substr(separator + 1)));
  }
  return fields;
}

/// \param lines  after the header, where local voxels or names of files begin
/// \param sizes  of all axes
void find_voxels(const HeaderFields& fields, const HeaderLines& lines,
                 const std::vector<std::int64_t>& sizes, ImageHeader& header) {
  const std::filesystem::path& path = fields.path();
  const bool is_text = fields.has("BinaryData") && !is_true(fields.text("BinaryData"));
  const std::string data = fields.required(kDataFile);
  const bool local = lower(data) == "local";
  const bool compressed = is_true(fields.text("CompressedData"));
  const std::int64_t skipped = fields.integer("HeaderSize", 0);
  if ((compressed || is_text) && skipped < 0) {
    refuse_unsupported(
        path, std::string("its voxels are ") + (compressed ? "compressed" : "stored as text") +
                  " and at the end of a file (HeaderSize = " + std::to_string(skipped) + ")");
  }
  if (compressed && is_text) {
    refuse_unsupported(path, "its voxels are compressed text (BinaryData = False)");
  }
  if (names_several_files(data)) {
    header.files = data_files(path, data, lines.rest(), sizes);
  } else {
    header.files = {local ? path : data_file(path, data)};
  }
  header.offset = skipped > 0 ? static_cast<std::uint64_t>(skipped) : local ? lines.end() : 0;
  header.encoding = compressed    ? VoxelEncoding::kZlib
                    : is_text     ? VoxelEncoding::kText
                    : skipped < 0 ? VoxelEncoding::kRawAtEnd
                                  : VoxelEncoding::kRaw;
  if (is_text) header.big_endian = std::endian::native == std::endian::big;
  const std::int64_t stated = fields.integer("CompressedDataSize", 0);
  if (compressed && stated > 0 && header.files.size() == 1)
    header.compressed_bytes = static_cast<std::uint64_t>(stated);
}

}  // namespace

ImageHeader read_meta_image_header(const std::filesystem::path& path) {
  require_kind(path, {"a MetaImage file"});
  HeaderLines lines(path);
  const HeaderFields fields = read_fields(path, lines);
  const std::string object = fields.has("ObjectType") ? fields.text("ObjectType") : "Image";
  if (lower(object) != "image") {
    refuse_header(path, "its ObjectType is '" + excerpt(object) + "', expected Image");
  }
  const std::int64_t axes = fields.integers("NDims", 1)[0];
  const std::int64_t values = fields.integer("ElementNumberOfChannels", 1);
  constexpr std::int64_t kMostAxes = 10;  // as in the format's own library
  if (axes < 3 || axes > kMostAxes) require_scalar_volume(path, axes, values);
  const std::vector<std::int64_t> sizes =
      fields.integers("DimSize", static_cast<std::size_t>(axes));
  require_scalar_volume(path, static_cast<std::int64_t>(axes_in_use(sizes)), values,
                        volumes_of(sizes));
  ImageHeader header;
  header.shape = {sizes[2], sizes[1], sizes[0]};
  read_geometry(fields, sizes.size(), header);
  header.type = type_of(fields);
  header.big_endian =
      is_true(fields.text(first_of(fields, {"BinaryDataByteOrderMSB", "ElementByteOrderMSB"})));
  require_plain_values(fields);
  find_voxels(fields, lines, {sizes.begin(), sizes.begin() + 3}, header);
  return header;
}

}  // namespace lungrt::io
