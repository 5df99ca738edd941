/// Files that may be compressed with gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace lungrt::io {

/// Reads a file to its end and inflates it if it is compressed with gzip. It may have any number of
/// members; their checksums are verified.
/// \param first  offset of the first byte to read
/// \param sink   receives each piece; the view is valid until it returns
/// \return total size of the pieces in bytes
/// \throws Error kIo
std::int64_t read_gz_file(const std::filesystem::path& path, std::uint64_t first = 0,
                          const std::function<void(std::string_view)>& sink = {});

}  // namespace lungrt::io
