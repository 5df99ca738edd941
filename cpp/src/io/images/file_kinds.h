/// What a file is that does not hold what its name promises, or that lungrt does not read.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace lungrt::io {

/// Checks that a file's first bytes are not those of another known kind of file.
/// \param own  names of the kinds that the file may be, as content_kind() gives them
/// \throws Error kIo  that names the kind and says what to do
void require_kind(const std::filesystem::path& path, std::initializer_list<std::string_view> own);

/// Kind of a file, such as "an NRRD file", by its first bytes; empty if they are of no known kind.
std::string_view content_kind(std::string_view first_bytes);

/// Kind of a file that lungrt does not read, by its name, with what to do; empty if it is unknown.
/// \param name  in lower case
std::string unread_kind(std::string_view name);

/// Whether the file begins as gzip data do.
bool is_gzip(const std::filesystem::path& path);

}  // namespace lungrt::io
