/// Headers of MetaImage files: lines "Name = value", of which ElementDataFile is the last.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    "Position ElementSpacing ElementSize TransformMatrix Rotation Orientation ";

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

Vec3 vector(const HeaderFields& fields, const std::string& name, const Vec3& otherwise) {
  if (!fields.has(name)) return otherwise;
  const std::vector<double> values = fields.numbers(name, 3);
  return {values[0], values[1], values[2]};
}

/// Fields have several names, of which ITK prefers the first ones here.
Geometry geometry_of(const HeaderFields& fields) {
  const Vec3 origin = vector(fields, first_of(fields, {"Origin", "Offset", "Position"}), {0, 0, 0});
  const Vec3 spacing =
      vector(fields, first_of(fields, {"ElementSpacing", "ElementSize"}), {1, 1, 1});
  Matrix3 axes{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const std::string matrix = first_of(fields, {"TransformMatrix", "Rotation", "Orientation"});
  if (fields.has(matrix)) {
    const std::vector<double> values = fields.numbers(matrix, 9);
    for (std::size_t i = 0; i < values.size(); ++i) axes[i / 3][i % 3] = values[i];
  }
  return image_geometry(origin, spacing, axes);
}

HeaderFields read_fields(const std::filesystem::path& path, std::uint64_t& end) {
  HeaderLines lines(path);
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
  end = lines.end();
  return fields;
}

/// \param header_end  offset after the header, where local voxels begin
void find_voxels(const HeaderFields& fields, std::uint64_t header_end, ImageHeader& header) {
  const std::filesystem::path& path = fields.path();
  if (fields.has("BinaryData") && !is_true(fields.text("BinaryData"))) {
    throw Error(ErrorCode::kBadVolume,
                path.string() +
                    ": its voxels are stored as text (BinaryData = False), which is not supported; "
                    "convert the file to binary voxels");
  }
  const std::string data = fields.required(kDataFile);
  const bool local = data == "LOCAL" || data == "Local" || data == "local";
  if (data.rfind("LIST", 0) == 0 || data.find('%') != std::string::npos) {
    throw Error(ErrorCode::kBadVolume, path.string() +
                                           ": its voxels are stored in one file per slice, which "
                                           "is not supported; convert them to a single file");
  }
  const bool compressed = is_true(fields.text("CompressedData"));
  const std::int64_t skipped = fields.integer("HeaderSize", 0);
  if (compressed && skipped < 0) {
    refuse_unsupported(path, "its voxels are compressed and at the end of a file (HeaderSize = " +
                                 std::to_string(skipped) + ")");
  }
  header.data = local ? path : data_file(path, data);
  header.offset = skipped > 0 ? static_cast<std::uint64_t>(skipped) : local ? header_end : 0;
  header.encoding = compressed    ? VoxelEncoding::kZlib
                    : skipped < 0 ? VoxelEncoding::kRawAtEnd
                                  : VoxelEncoding::kRaw;
  const std::int64_t stated = fields.integer("CompressedDataSize", 0);
  if (compressed && stated > 0) header.compressed_bytes = static_cast<std::uint64_t>(stated);
}

}  // namespace

ImageHeader read_meta_image_header(const std::filesystem::path& path) {
  std::uint64_t end = 0;
  const HeaderFields fields = read_fields(path, end);
  const std::int64_t axes = fields.integers("NDims", 1)[0];
  require_scalar_volume(path, axes, fields.integer("ElementNumberOfChannels", 1));
  const std::vector<std::int64_t> sizes = fields.integers("DimSize", 3);
  ImageHeader header;
  header.shape = {sizes[2], sizes[1], sizes[0]};
  header.geometry = geometry_of(fields);
  header.type = type_of(fields);
  header.big_endian =
      is_true(fields.text(first_of(fields, {"BinaryDataByteOrderMSB", "ElementByteOrderMSB"})));
  find_voxels(fields, end, header);
  return header;
}

}  // namespace lungrt::io
