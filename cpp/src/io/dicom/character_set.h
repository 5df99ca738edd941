/// Texts of a DICOM file in the character set that the file names.
#pragma once

#include <string>
#include <string_view>

namespace lungrt::io {

/// Text of a tag as valid UTF-8, without its padding; what is not valid in its character set
/// becomes U+FFFD. Without a character set, text is taken for UTF-8, which contains ASCII.
/// \param character_set  Specific Character Set (0008,0005), with several values where a text
///                       switches between sets (ISO 2022)
std::string decoded_text(std::string_view text, const std::string& character_set);

}  // namespace lungrt::io
