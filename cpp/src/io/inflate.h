/// Compressed bytes, inflated piece by piece.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "io/byte_source.h"

namespace lungrt::io {

enum class Compression { kDeflate, kZlibOrGzip };

/// Inflates what begins at a place of a source.
/// \param sink  gets each piece; the view is good until it returns
/// \throws std::runtime_error  for damaged data, or an end that is too early
void inflate_from(ByteSource& source, std::uint64_t at, Compression compression,
                  const std::function<void(std::string_view)>& sink);

}  // namespace lungrt::io
