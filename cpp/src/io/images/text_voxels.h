/// Voxels that are stored as text.
#pragma once

#include <cstdint>
#include <string>

#include "io/byte_source.h"
#include "io/images/voxel_type.h"

namespace lungrt::io {

/// Reads decimal numbers, between blanks or commas, as native values of a type.
/// \param source  file, whose text begins at the offset `at`
/// \param target  receives `count` values
/// \return how many numbers the text holds; those beyond `count` are not stored
/// \throws std::runtime_error  for a word that is no number of the type
std::uint64_t read_numbers(ByteSource& source, std::uint64_t at, VoxelType type, void* target,
                           std::uint64_t count);

/// Reads bytes of two hexadecimal digits each; blanks do not count.
/// \return how many bytes the text holds; those beyond `count` are not stored
/// \throws std::runtime_error  for another character
std::uint64_t read_hex(ByteSource& source, std::uint64_t at, void* target, std::uint64_t count);

}  // namespace lungrt::io
