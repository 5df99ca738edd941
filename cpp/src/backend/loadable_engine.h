/// Engine in a library that is opened at run time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "backend/engine.h"

namespace lungrt {

/// Opens `library` and checks that it fits this core and its runtime.
/// \param name            of the engine, for messages
/// \param runtime         what the engine needs, for messages
/// \param runtime_folder  folder in which the application found the runtime's libraries, or empty
/// \throws Error kEngineUnavailable  where it or its runtime cannot be opened, or it is not an
///                                   engine library
/// \throws Error kUnsupportedVersion where it was built for another ABI, core or runtime
std::unique_ptr<Engine> open_engine_library(const std::string& name,
                                            const std::filesystem::path& library,
                                            const std::string& runtime,
                                            const std::filesystem::path& runtime_folder = {});

}  // namespace lungrt
