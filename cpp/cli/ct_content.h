/// What the path of a CT holds, for `lungrt-native info`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lungrt::cli {

struct CtContent {
  nlohmann::ordered_json json;
  std::string text;  ///< lines
};

/// Whether something is at a path that is no bundle, so that it can only be a CT.
bool is_ct(const std::string& path);

/// The series and parts of a DICOM folder, or the size of an image file.
/// \throws Error  if there is no CT at the path
CtContent ct_content(const std::string& path);

}  // namespace lungrt::cli
