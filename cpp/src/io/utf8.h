/// Words of files and of ITK, for messages.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace lungrt::io {

/// Text of a tag without its padding; bytes that are not UTF-8 become replacement characters.
std::string clean(std::string_view text);

/// What happened, from one of ITK's messages of several lines.
std::string itk_reason(const std::exception& error);

}  // namespace lungrt::io
