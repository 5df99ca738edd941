/// Location of this code on disk, as a library or in a program.
#pragma once

#include <filesystem>

namespace lungrt {

/// Path of the library or program that this code was linked into.
std::filesystem::path core_location();

}  // namespace lungrt
