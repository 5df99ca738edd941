/// Strict parsing of JSON that lungrt wrote itself: whatever JSON leaves undefined is an error.
/// Private to the core, like `json_field.h`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lungrt {

/// Parses one document. Repeated keys, trailing content and deep nesting are errors.
/// \param file  name of the document, for messages
/// \throws Error kBadBundle
nlohmann::json parse_strictly(std::string_view text, const std::string& file);

}  // namespace lungrt
