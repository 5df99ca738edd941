/// CUDA's own libraries, where they came as Python packages.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lungrt::onnxruntime {

/// Loads what the CUDA provider links to (cuBLAS, cuDNN, ...) from the packages beside the
/// runtime's, since the provider itself looks only where the system's loader does. What is not
/// there, or does not load, is left to that loader, whose message the provider passes on.
/// \param runtime  path of libonnxruntime.so, `site-packages/onnxruntime/capi/...` in a wheel
/// \return names of what was loaded
std::vector<std::string> preload_cuda_libraries(const std::filesystem::path& runtime);

}  // namespace lungrt::onnxruntime
