/// Texts from files and from ITK as valid UTF-8, for messages.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace lungrt::io {

/// Text of a DICOM tag without its padding; bytes that are not UTF-8 become U+FFFD.
std::string clean(std::string_view text);

/// Cause of an error, extracted from ITK's message of several lines.
std::string itk_reason(const std::exception& error);

}  // namespace lungrt::io
