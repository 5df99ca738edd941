/// Compressed bytes, inflated piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "io/byte_source.h"

namespace lungrt::io {

enum class Compression { kDeflate, kZlibOrGzip };

/// Inflates what begins at a place of a source.
/// \param sink  gets each piece; the view is good until it returns
/// \return how many compressed bytes that were
/// \throws std::runtime_error  for damaged data, or an end that is too early
std::uint64_t inflate_from(ByteSource& source, std::uint64_t at, Compression compression,
                           const std::function<void(std::string_view)>& sink);

/// The same into memory.
/// \param most  bytes that are taken
/// \throws std::runtime_error  for more of them, too
std::string inflate_all(ByteSource& source, std::uint64_t at, Compression compression,
                        std::size_t most);

}  // namespace lungrt::io
