#include "io/meta_image_file.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>

#include "io/byte_source.h"
#include "io/header_fields.h"
#include "io/inflate.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr const char* kDataFile = "ElementDataFile";

bool is_true(const HeaderFields& header, const std::string& name) {
  const std::string value = header.text(name);
  return !value.empty() && (value[0] == 'T' || value[0] == 't' || value[0] == '1');
}

/// Reads the fields of a header, of which ElementDataFile is the last.
HeaderFields read_header(const std::filesystem::path& path) {
  HeaderFields header;
  std::ifstream stream(path, std::ios::binary);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = trimmed(line.substr(0, equals));
    header.values[name] = trimmed(line.substr(equals + 1));
    if (name == kDataFile) break;
  }
  header.end = static_cast<std::uint64_t>(std::max<std::streamoff>(0, stream.tellg()));
  return header;
}

/// Offset of the voxels in their file, which begins with this header if it is the same file.
std::uint64_t data_offset(const HeaderFields& header, bool local, std::uint64_t size,
                          std::uint64_t bytes) {
  const std::int64_t skipped = header.number("HeaderSize");
  if (skipped < 0) return size - std::min(size, bytes);  // -1: the voxels are at the file's end
  if (skipped > 0) return static_cast<std::uint64_t>(skipped);
  return local ? header.end : 0;
}

/// Inflated size of compressed voxels. ITK's reader takes as many compressed bytes as the header
/// says, or the whole file; if they are incomplete, it leaves voxels uninitialised.
std::uint64_t inflated_size(FileWindow& file, std::uint64_t at, const HeaderFields& header,
                            const std::filesystem::path& path) {
  std::uint64_t found = 0, taken = 0;
  try {
    taken = inflate_from(file, at, Compression::kZlibOrGzip,
                         [&](std::string_view piece) { found += piece.size(); });
  } catch (const std::runtime_error& error) {
    throw Error(ErrorCode::kIo, path.string() + ": truncated or damaged (" + error.what() +
                                    "); copy or download it again");
  }
  const std::string stated = header.text("CompressedDataSize");
  const auto bytes = static_cast<std::uint64_t>(header.number("CompressedDataSize"));
  if (bytes == 0 ? at > 0 : bytes < taken) {
    throw Error(ErrorCode::kIo,
                path.string() + ": its compressed voxels have " + std::to_string(taken) +
                    " bytes, but its CompressedDataSize is " +
                    (stated.empty() ? "missing" : stated) + "; convert the original again");
  }
  return found;
}

}  // namespace

void require_complete_meta_image(const std::filesystem::path& path, std::uint64_t bytes) {
  const HeaderFields header = read_header(path);
  if (!header.text("BinaryData").empty() && !is_true(header, "BinaryData")) {
    throw Error(ErrorCode::kBadVolume,
                path.string() +
                    ": its voxels are stored as text (BinaryData = False), which is not supported; "
                    "convert the file to binary voxels");
  }
  const std::string data = header.text(kDataFile);
  const bool local = data == "LOCAL" || data == "Local" || data == "local";
  if (data.rfind("LIST", 0) == 0 || data.find('%') != std::string::npos) {
    throw Error(ErrorCode::kBadVolume, path.string() +
                                           ": its voxels are stored in one file per slice, which "
                                           "is not supported; convert them to a single file");
  }
  const std::filesystem::path voxels = local ? path : path.parent_path() / data;
  FileWindow file(voxels);
  const std::uint64_t at = data_offset(header, local, file.size(), bytes);
  const std::uint64_t there = file.size() - std::min(file.size(), at);
  const std::uint64_t found =
      is_true(header, "CompressedData") ? inflated_size(file, at, header, path) : there;
  if (found < bytes) {
    throw Error(ErrorCode::kIo, path.string() + ": truncated: " + voxels.string() + " contains " +
                                    std::to_string(found) + " of " + std::to_string(bytes) +
                                    " bytes of voxels; copy or download it again");
  }
}

}  // namespace lungrt::io
