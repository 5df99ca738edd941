/// Values of DICOM tags with several parts, such as the image type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/dicom/slice.h"

namespace lungrt::io {

/// Parts of a text, which backslashes separate.
std::vector<std::string> parts_of(const std::string& text);

/// A text in upper case; letters beyond ASCII stay as they are.
std::string upper(std::string text);

/// Whether the image type of a slice contains a value, in letters of either case.
/// \param value  in upper case
bool has_image_type(const DicomSlice& slice, std::string_view value);

}  // namespace lungrt::io
