/// Fragments of compressed pixels, by frame.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "io/dicom/tags.h"

namespace lungrt::io {

/// Assigns the fragments of a file to its frames: one to each, or by the offset table, or where
/// code streams begin.
/// \param start_of  gives the first bytes of a fragment
/// \throws std::runtime_error  if fragments are missing, or it is not clear whose they are
std::vector<std::vector<Extent>> fragments_by_frame(
    const PixelElement& pixels, std::size_t frames,
    const std::function<std::string(const Extent&)>& start_of);

}  // namespace lungrt::io
