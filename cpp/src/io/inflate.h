/// Inflating compressed bytes piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "io/byte_source.h"

namespace lungrt::io {

enum class Compression { kDeflate, kZlibOrGzip };

/// Inflates the compressed data that begins at an offset of a source.
/// \param sink  receives each piece; the view is valid until it returns
/// \return number of compressed bytes
/// \throws std::runtime_error  for damaged or incomplete data
std::uint64_t inflate_from(ByteSource& source, std::uint64_t at, Compression compression,
                           const std::function<void(std::string_view)>& sink);

/// Inflates into memory.
/// \param most  largest size of the result in bytes
/// \throws std::runtime_error  for damaged or incomplete data, or a larger result
std::string inflate_all(ByteSource& source, std::uint64_t at, Compression compression,
                        std::size_t most);

}  // namespace lungrt::io
