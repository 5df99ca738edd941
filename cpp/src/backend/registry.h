/// Registry of engines by name, loaded when they are first requested.
#pragma once

#include <filesystem>
#include <string>

#include "backend/cuda_library.h"
#include "backend/engine.h"

namespace lungrt {

/// Finds an engine by its name.
/// \throws Error kInvalidArgument     for an unknown name; the message lists the known ones
/// \throws Error kEngineUnavailable   where it is not installed; the message has the reason
/// \throws Error kUnsupportedVersion  where the installed one is of another version
const Engine& engine(const std::string& name);

/// The CUDA core, `liblungrt_cuda.so`, searched for in the same folders as engines.
/// \throws Error kEngineUnavailable   where it is not installed; the message has the reason
/// \throws Error kUnsupportedVersion  where the installed one is of another version
const CudaLibrary& cuda_library();

/// Path of the library or program that this code was linked into.
std::filesystem::path core_location();

}  // namespace lungrt
