/// Reads manifest.json. See DESIGN.md, "The bundle".
#pragma once

#include <map>
#include <string>

#include "core/bundle.h"

namespace lungrt {

/// \param json  content of the manifest
/// \param file  its name, for messages
/// \throws Error kUnsupportedVersion  for another format version
/// \throws Error kBadBundle           for anything else that is not as DESIGN.md says
std::map<StageKind, StageManifest> parse_manifest(const std::string& json, const std::string& file);

}  // namespace lungrt
