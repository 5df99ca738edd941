/// The fragments in which compressed pixels lie.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lungrt::io {

/// \param content  of the file
/// \param at       where the value of the pixels begins: the table of offsets, which is left out
std::vector<std::string_view> fragments_of(std::string_view content, std::uint64_t at);

}  // namespace lungrt::io
