/// SHA-256 (FIPS 180-4), to detect damaged files, not to defend against attackers.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace lungrt {

/// Digest of data in memory, as 64 lower-case hexadecimal digits.
std::string sha256(const void* data, std::size_t bytes);
/// Digest of a file, as 64 lower-case hexadecimal digits.
/// \throws Error kIo if the file cannot be read
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace lungrt
