/// Reading of a bundle's small files as a whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

namespace lungrt {

/// Bytes of a file, of which at most `most` are read.
/// \throws Error kIo if it cannot be read, kBadBundle if it is larger
std::string read_file(const std::filesystem::path& file,
                      std::uintmax_t most = std::numeric_limits<std::uintmax_t>::max());

/// Most bytes of a manifest or a record; a real one has a few kilobytes.
inline constexpr std::uintmax_t kMostJsonBytes = 16 << 20;

}  // namespace lungrt
