/// The files with voxels that a header names: one, a list, or a pattern of numbered names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lungrt::io {

/// Path of a data file that a header names.
/// \throws Error kIo  if there is none
std::filesystem::path data_file(const std::filesystem::path& header, const std::string& name);

/// Whether the field that names the voxels' files holds a list or a pattern.
bool names_several_files(std::string_view field);

/// Paths of several files: those that follow "LIST", or of a pattern such as "slice%03d.raw 1 67 1"
/// (name, first number, last number, step).
/// \param header  path of the header
/// \param field   the field that names them
/// \param rest    what follows the field in the header: names, one a line
/// \param sizes   of all axes, from the fastest to the slowest
/// \throws Error kIo         if a file is missing, or the field is none of these
/// \throws Error kBadVolume  if they are not as many as the sizes need
std::vector<std::filesystem::path> data_files(const std::filesystem::path& header,
                                              std::string_view field, std::string_view rest,
                                              const std::vector<std::int64_t>& sizes);

}  // namespace lungrt::io
