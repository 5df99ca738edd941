/// Pixels that are compressed as JPEG or JPEG-LS.
#pragma once

#include <string_view>

namespace lungrt::io {

/// Decoders end the process over a header that is damaged, or never return where the end is
/// missing; or they fill what is missing, and say nothing.
/// \throws std::runtime_error  for what is no whole grey image of that size
void require_whole_jpeg(std::string_view data, int rows, int columns);

}  // namespace lungrt::io
