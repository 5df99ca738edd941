/// Texts from files as valid UTF-8, for messages.
#pragma once

#include <string>
#include <string_view>

namespace lungrt::io {

/// Text of a DICOM tag or a header without its padding; bytes that are not UTF-8 become U+FFFD.
std::string clean(std::string_view text);

/// Text of a file as it can stand in a message: as clean() gives it, with U+FFFD for control
/// characters, and cut off after 80 characters.
std::string excerpt(std::string_view text);

}  // namespace lungrt::io
