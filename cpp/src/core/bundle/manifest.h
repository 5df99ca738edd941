/// Parsing of manifest.json (DESIGN.md, "The bundle").
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/bundle/bundle.h"

namespace lungrt {

/// Parses a manifest.
/// \param json  content of the manifest
/// \param file  name of the file, for messages
/// \throws Error kUnsupportedVersion  for an unsupported format version
/// \throws Error kBadBundle           for a manifest that is invalid in any other way
std::map<StageKind, StageManifest> parse_manifest(const std::string& json, const std::string& file);

/// Paths of the files that a manifest of any format version lists, without repetitions.
/// \throws Error kBadBundle  if it is not a JSON object with a whole number as format_version
std::vector<std::string> files_listed_in(const std::string& json, const std::string& file);

}  // namespace lungrt
