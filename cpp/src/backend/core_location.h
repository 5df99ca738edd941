/// Where this code lies on disk, as a library or in a program.
#pragma once

#include <filesystem>

namespace lungrt {

/// The library or the program that this code was linked into.
std::filesystem::path core_location();

}  // namespace lungrt
