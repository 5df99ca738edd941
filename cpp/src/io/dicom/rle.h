/// Validation of run-length encoded (RLE) pixels: DICOM PS3.5, annex G.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lungrt::io {

/// Checks RLE data before GDCM sees it, because GDCM trusts the header: it divides by the number of
/// segments and reads at the offsets in it.
/// \param pixels  number of pixels of the image
/// \param bits    number of bits per pixel
/// \throws std::runtime_error  if the data does not decode to that many pixels of that many bits
void validate_rle(const std::vector<std::string_view>& fragments, std::uint64_t pixels, int bits);

}  // namespace lungrt::io
