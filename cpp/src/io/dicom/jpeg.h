/// Pixels that are compressed as JPEG, JPEG-LS or JPEG 2000.
#pragma once

#include <string_view>

namespace lungrt::io {

/// Decoders end the process over a header that is damaged, or never return where the end is
/// missing; or they fill what is missing, and say nothing.
/// \throws std::runtime_error  for what is no whole grey image of that size
void validate_jpeg(std::string_view data, int rows, int columns);

/// GDCM writes beyond the image where a code stream of JPEG 2000 is larger than the file says.
/// \throws std::runtime_error  for a code stream of another size; what is none is left to a decoder
void validate_size_of_jpeg_2000(std::string_view data, int rows, int columns);

}  // namespace lungrt::io
