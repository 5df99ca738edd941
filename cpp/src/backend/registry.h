/// Engines by name, loaded when first asked for.
#pragma once

#include <string>

#include "backend/cuda_library.h"
#include "backend/engine.h"

namespace lungrt {

/// \throws Error kInvalidArgument     for a name this build does not know, with those it does
/// \throws Error kEngineUnavailable   with the reason where it is not installed
/// \throws Error kUnsupportedVersion  where the installed one does not fit
const Engine& engine(const std::string& name);

/// The CUDA core, `liblungrt_cuda.so`, looked for where engines are.
/// \throws Error kEngineUnavailable   with the reason where it is not installed
/// \throws Error kUnsupportedVersion  where the installed one does not fit
const CudaLibrary& cuda_library();

}  // namespace lungrt
