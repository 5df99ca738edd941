/// Pixels that are compressed by runs (RLE), as DICOM has them: PS3.5, annex G.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lungrt::io {

/// GDCM takes the header of such pixels at its word: it divides by the number of segments and reads
/// wherever they are said to be.
/// \param pixels  of the image
/// \param bits    that each of them has
/// \throws std::runtime_error  for what does not decode to as many pixels of as many bits
void validate_rle(const std::vector<std::string_view>& fragments, std::uint64_t pixels, int bits);

}  // namespace lungrt::io
