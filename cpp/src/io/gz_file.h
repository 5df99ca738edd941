/// Files that may be compressed by gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace lungrt::io {

/// Reads a file to its end, inflating it where it is of gzip: in any number of members, each with a
/// checksum that must be right.
/// \param first  bytes that lie before what is read
/// \param sink   gets each piece; the view is good until it returns
/// \return how many bytes those were
/// \throws Error kIo
std::int64_t read_gz_file(const std::filesystem::path& path, std::uint64_t first = 0,
                          const std::function<void(std::string_view)>& sink = {});

}  // namespace lungrt::io
