/// An engine in a library of its own, opened at run time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "backend/engine.h"

namespace lungrt {

/// Opens `library` and checks that it fits this core and its runtime.
/// \param name     of the engine, for messages
/// \param runtime  what it needs, for messages
/// \throws Error kEngineUnavailable  where it cannot be opened or is no engine library
/// \throws Error kUnsupportedVersion where it was built for another ABI, core or runtime
std::unique_ptr<Engine> open_engine_library(const std::string& name,
                                            const std::filesystem::path& library,
                                            const std::string& runtime);

}  // namespace lungrt
