/// Validation of pixels compressed as JPEG, JPEG-LS or JPEG 2000.
#pragma once

#include <string_view>

namespace lungrt::io {

/// Checks JPEG and JPEG-LS data before a decoder sees it. Decoders may abort the process over a
/// damaged header, never return if the end is missing, or silently fill in missing pixels.
/// \throws std::runtime_error  if the data is not a complete grey image of that size
void validate_jpeg(std::string_view data, int rows, int columns);

/// Checks the size of a JPEG 2000 code stream. GDCM writes beyond the image if the code stream is
/// larger than the DICOM header says.
/// \throws std::runtime_error  for a code stream of another size; other data is left to the decoder
void validate_size_of_jpeg_2000(std::string_view data, int rows, int columns);

}  // namespace lungrt::io
