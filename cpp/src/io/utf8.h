/// Texts from files as valid UTF-8, for messages.
#pragma once

#include <string>
#include <string_view>

namespace lungrt::io {

/// Text of a DICOM tag or a header without its padding; bytes that are not UTF-8 become U+FFFD.
std::string clean(std::string_view text);

/// Text that can be shown on a terminal: control characters, and those that end a line or turn its
/// direction, are written as "\x1b" or "\u202e", and so are bytes that are not UTF-8.
std::string printable(std::string_view text);

/// A message that may have several lines, each as printable() gives it.
std::string printable_lines(std::string_view text);

/// Text of a file as it can stand in a message: as clean() and printable() give it, cut off after
/// 80 characters.
std::string excerpt(std::string_view text);

}  // namespace lungrt::io
