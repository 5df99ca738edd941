/// The files of a folder and of the folders in it.
#pragma once

#include <filesystem>
#include <vector>

namespace lungrt::io {

/// Finds the files in a folder and below it, sorted by path. Hidden entries are left out. Links to
/// folders are followed, each folder is entered once.
/// \param below  whether to search the folders in it as well
/// \throws Error kIo  if a folder cannot be listed, or folders are nested more than 32 deep
std::vector<std::filesystem::path> find_files(const std::filesystem::path& folder,
                                              bool below = true);

}  // namespace lungrt::io
