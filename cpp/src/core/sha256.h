/// SHA-256 (FIPS 180-4), for damage, not malice.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace lungrt {

/// 64 lower-case hexadecimal digits.
std::string sha256(const void* data, std::size_t bytes);
/// \throws Error kIo where the file cannot be read
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace lungrt
