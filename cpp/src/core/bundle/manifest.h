/// Parsing of manifest.json (DESIGN.md, "The bundle").
#pragma once

#include <map>
#include <string>

#include "core/bundle/bundle.h"

namespace lungrt {

/// Parses a manifest.
/// \param json  content of the manifest
/// \param file  name of the file, for messages
/// \throws Error kUnsupportedVersion  for an unsupported format version
/// \throws Error kBadBundle           for a manifest that is invalid in any other way
std::map<StageKind, StageManifest> parse_manifest(const std::string& json, const std::string& file);

}  // namespace lungrt
