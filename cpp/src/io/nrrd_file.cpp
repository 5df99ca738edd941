#include "io/nrrd_file.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>

#include "io/gz_file.h"
#include "io/header_fields.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

/// A text in lower case without spaces, because headers vary in both.
std::string plain(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

HeaderFields read_header(const std::filesystem::path& path) {
  HeaderFields header;
  std::ifstream stream(path, std::ios::binary);
  for (std::string line; std::getline(stream, line);) {
    header.end += line.size() + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) break;  // the voxels follow
    const std::size_t end = line.find(": ");
    if (end != std::string::npos)
      header.values[plain(line.substr(0, end))] = trimmed(line.substr(end + 2));
  }
  return header;
}

std::uint64_t left_after(std::uint64_t bytes, std::uint64_t skipped) {
  return bytes - std::min(bytes, skipped);
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorCode::kBadVolume, path.string() + ": " + what +
                                         ", which is not supported; convert it to another format");
}

}  // namespace

void require_complete_nrrd(const std::filesystem::path& path, std::uint64_t bytes) {
  const HeaderFields header = read_header(path);
  const std::string data = header.text("datafile");
  if (data.rfind("LIST", 0) == 0 || data.find('%') != std::string::npos) {
    refuse(path, "its voxels are stored in one file per slice");
  }
  if (header.number("lineskip") != 0)
    refuse(path, "its voxels begin after lines of text (line skip)");
  const std::string encoding = plain(header.text("encoding"));
  const bool compressed = encoding == "gzip" || encoding == "gz";
  if (!compressed && encoding != "raw") refuse(path, "the encoding of its voxels is " + encoding);

  const bool attached = data.empty();
  const std::filesystem::path voxels = attached ? path : path.parent_path() / data;
  if (!std::filesystem::is_regular_file(voxels)) {
    throw Error(ErrorCode::kIo, path.string() + ": cannot be read: its data file " +
                                    voxels.string() + " was not found; copy it next to the header");
  }
  const std::uint64_t first = attached ? header.end : 0;
  const std::uint64_t found = compressed ? static_cast<std::uint64_t>(read_gz_file(voxels, first))
                                         : left_after(std::filesystem::file_size(voxels), first);
  // -1: the voxels are at the end of the file.
  const std::int64_t skipped = std::max<std::int64_t>(0, header.number("byteskip"));
  const std::uint64_t there = left_after(found, static_cast<std::uint64_t>(skipped));
  if (there < bytes) {
    throw Error(ErrorCode::kIo,
                path.string() + ": truncated: " + (attached ? "it" : voxels.string()) +
                    " contains " + std::to_string(there) + " of " + std::to_string(bytes) +
                    " bytes of voxels; copy or download it again");
  }
}

}  // namespace lungrt::io
