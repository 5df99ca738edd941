/// Parsing of JSON that the project wrote itself: what JSON leaves open is an error here.
/// Private to the core, as `json_field.h`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lungrt {

/// One document: no repeated keys, nothing behind it, not nested deeply.
/// \param file  the document's name, for messages
/// \throws Error kBadBundle
nlohmann::json parse_strictly(std::string_view text, const std::string& file);

}  // namespace lungrt
