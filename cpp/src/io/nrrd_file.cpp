#include "io/nrrd_file.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <map>
#include <string>

#include "io/gz_file.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

using Fields = std::map<std::string, std::string>;

/// Without letter case and spaces, which a header may write in two ways.
std::string plain(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Fields read_header(const std::filesystem::path& path) {
  Fields fields;
  std::ifstream stream(path, std::ios::binary);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) break;  // what follows are voxels
    const std::size_t end = line.find(": ");
    if (end != std::string::npos) fields[plain(line.substr(0, end))] = line.substr(end + 2);
  }
  return fields;
}

std::int64_t number(const Fields& fields, const std::string& name) {
  std::int64_t value = 0;
  if (const auto found = fields.find(name); found != fields.end()) {
    const std::string digits = plain(found->second);
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
  }
  return value;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorCode::kBadVolume,
              path.string() + ": " + what + ", which is not supported; convert it");
}

}  // namespace

void require_complete_nrrd(const std::filesystem::path& path, std::uint64_t bytes) {
  const Fields fields = read_header(path);
  const auto data = fields.find("datafile");
  if (data == fields.end()) return;
  if (data->second.rfind("LIST", 0) == 0 || data->second.find('%') != std::string::npos) {
    refuse(path, "its voxels lie in a file for each slice");
  }
  if (number(fields, "lineskip") != 0)
    refuse(path, "its voxels lie after lines of text (line skip)");
  const auto stated = fields.find("encoding");
  const std::string encoding = stated == fields.end() ? "" : plain(stated->second);
  const bool compressed = encoding == "gzip" || encoding == "gz";
  if (!compressed && encoding != "raw") refuse(path, "the encoding of its voxels is " + encoding);

  const std::filesystem::path voxels = path.parent_path() / data->second;
  if (!std::filesystem::is_regular_file(voxels)) {
    throw Error(ErrorCode::kIo, path.string() + ": cannot be read; " + voxels.string() +
                                    ", which is to hold its voxels, is no file");
  }
  const auto found = compressed ? static_cast<std::uint64_t>(read_gz_file(voxels))
                                : std::filesystem::file_size(voxels);
  // -1: the voxels are the file's end.
  const auto skipped =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(fields, "byteskip")));
  const std::uint64_t there = found - std::min(found, skipped);
  if (there < bytes) {
    throw Error(ErrorCode::kIo, path.string() + ": truncated, " + voxels.string() + " holds " +
                                    std::to_string(there) + " of " + std::to_string(bytes) +
                                    " bytes of voxels; fetch it anew");
  }
}

}  // namespace lungrt::io
