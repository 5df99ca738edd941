/// Fragments of compressed pixels.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lungrt::io {

/// Lists the fragments of compressed pixels, without the offset table that precedes them.
/// \param content  content of the file
/// \param at       offset of the pixel element's value
std::vector<std::string_view> fragments_of(std::string_view content, std::uint64_t at);

}  // namespace lungrt::io
