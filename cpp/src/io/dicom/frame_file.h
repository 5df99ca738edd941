/// DICOM files of one image, composed for decoders.
#pragma once

#include <string>
#include <string_view>

#include "io/dicom/slice.h"

namespace lungrt::io {

/// Composes a file that holds one image with compressed pixels and nothing else: no patient, no
/// private tags, no rescaling. So a decoder sees neither the oddities of the file nor its other
/// frames, and what it decodes does not depend on how the file was written.
/// \param data         the code stream
/// \param stored_bits  number of bits that the code stream holds of each pixel
std::string frame_file(const DicomSlice& slice, std::string_view data, int stored_bits);

}  // namespace lungrt::io
