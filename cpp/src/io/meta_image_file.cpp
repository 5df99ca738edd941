#include "io/meta_image_file.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include "io/byte_source.h"
#include "io/inflate.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr const char* kDataFile = "ElementDataFile";

struct Header {
  std::map<std::string, std::string> fields;
  std::uint64_t end = 0;  ///< of the text, which ends with the field ElementDataFile

  std::string text(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
  bool is(const std::string& name) const {
    const std::string value = text(name);
    return !value.empty() && (value[0] == 'T' || value[0] == 't' || value[0] == '1');
  }
};

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos
             ? ""
             : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

Header read_header(const std::filesystem::path& path) {
  Header header;
  std::ifstream stream(path, std::ios::binary);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = trimmed(line.substr(0, equals));
    header.fields[name] = trimmed(line.substr(equals + 1));
    if (name == kDataFile) break;
  }
  header.end = static_cast<std::uint64_t>(std::max<std::streamoff>(0, stream.tellg()));
  return header;
}

/// Where the voxels begin in their file, which has no header of this format where it is another.
std::uint64_t data_offset(const Header& header, bool local, std::uint64_t size,
                          std::uint64_t bytes) {
  std::int64_t skipped = 0;
  const std::string text = header.text("HeaderSize");
  std::from_chars(text.data(), text.data() + text.size(), skipped);
  if (skipped < 0) return size - std::min(size, bytes);  // -1: the voxels are the file's end
  return (local ? header.end : 0) + static_cast<std::uint64_t>(skipped);
}

std::uint64_t inflated_size(FileWindow& file, std::uint64_t at, const std::filesystem::path& path) {
  std::uint64_t found = 0;
  try {
    inflate_from(file, at, Compression::kZlibOrGzip,
                 [&](std::string_view piece) { found += piece.size(); });
  } catch (const std::runtime_error& error) {
    throw Error(ErrorCode::kIo,
                path.string() + ": truncated or damaged (" + error.what() + "); fetch it anew");
  }
  return found;
}

}  // namespace

void require_complete_meta_image(const std::filesystem::path& path, std::uint64_t bytes) {
  const Header header = read_header(path);
  if (!header.text("BinaryData").empty() && !header.is("BinaryData")) {
    throw Error(ErrorCode::kBadVolume,
                path.string() +
                    ": its voxels are written as text (BinaryData = False), which is not "
                    "supported; convert it");
  }
  const std::string data = header.text(kDataFile);
  const bool local = data == "LOCAL" || data == "Local" || data == "local";
  if (data.rfind("LIST", 0) == 0 || data.find('%') != std::string::npos) {
    throw Error(ErrorCode::kBadVolume, path.string() +
                                           ": its voxels lie in a file for each slice, which is "
                                           "not supported; convert it");
  }
  const std::filesystem::path voxels = local ? path : path.parent_path() / data;
  FileWindow file(voxels);
  const std::uint64_t at = data_offset(header, local, file.size(), bytes);
  const std::uint64_t there = file.size() - std::min(file.size(), at);
  const std::uint64_t found = header.is("CompressedData") ? inflated_size(file, at, path) : there;
  if (found < bytes) {
    throw Error(ErrorCode::kIo, path.string() + ": truncated, " + voxels.string() + " holds " +
                                    std::to_string(found) + " of " + std::to_string(bytes) +
                                    " bytes of voxels; fetch it anew");
  }
}

}  // namespace lungrt::io
