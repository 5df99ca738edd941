/// Pixels as they are stored, before they are rescaled.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "io/dicom/slice.h"

namespace lungrt::io {

/// Numbers of the allocated bits, from pixels that are not compressed.
/// \param bytes  at least as many as `pixels` need
std::vector<std::int64_t> unpack(std::string_view bytes, const StoredPixels& format,
                                 std::int64_t pixels);

/// What was found beyond the stored bits.
struct BeyondBits {
  std::vector<std::size_t> padding;  ///< pixels with the padding value, which are no measurement
  std::int64_t extended = 0;         ///< number of negative values below the range, kept
};

/// Brings numbers of the allocated bits into the range of the stored ones. The bits above them may
/// repeat the sign or not, hold overlays, or belong to a padding value; nothing else is expected.
/// \throws Error kBadVolume  for any other value, whose meaning is not known
BeyondBits limit_to_stored_bits(const DicomSlice& slice, std::vector<std::int64_t>& values);

}  // namespace lungrt::io
