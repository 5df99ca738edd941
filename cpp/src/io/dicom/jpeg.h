/// Validation of pixels compressed as JPEG, JPEG-LS or JPEG 2000.
#pragma once

#include <string_view>

namespace lungrt::io {

/// Checks JPEG and JPEG-LS data before a decoder sees it. Decoders may abort the process over a
/// damaged header, never return if the end is missing, or silently fill in missing pixels.
/// \return number of bits of a pixel
/// \throws std::runtime_error  if the data is not a complete grey image of that size
int validate_jpeg(std::string_view data, int rows, int columns);

/// Checks the size of a JPEG 2000 code stream. GDCM writes beyond the image if the code stream is
/// larger than the DICOM header says.
/// \return number of bits of a pixel; 0 for other data, which is left to the decoder
/// \throws std::runtime_error  for a code stream of another size
int validate_jpeg_2000(std::string_view data, int rows, int columns);

/// Checks that a JPEG 2000 code stream has its end, where the file does not say that it is
/// complete.
/// \throws std::runtime_error  if it is missing
void require_end(std::string_view data);

}  // namespace lungrt::io
