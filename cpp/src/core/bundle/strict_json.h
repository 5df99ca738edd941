/// Strict parsing of JSON that lungrt wrote itself: whatever JSON leaves undefined is an error.
/// Private to the core, like `json_field.h`.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/bundle/json_field.h"

namespace lungrt {

/// A parsed document, which its fields point into.
class JsonDocument {
 public:
  /// Repeated keys, trailing content and deep nesting are errors.
  /// \param file  name of the document, for messages
  /// \throws Error kBadBundle
  JsonDocument(std::string_view text, std::string file);
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  JsonField root() const { return {*value_, file_}; }

 private:
  std::string file_;
  std::shared_ptr<const nlohmann::json> value_;
};

}  // namespace lungrt
