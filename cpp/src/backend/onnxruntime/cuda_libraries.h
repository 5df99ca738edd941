/// CUDA's libraries from Python packages.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lungrt::onnxruntime {

/// Loads the libraries that the CUDA provider links to (cuBLAS, cuDNN, ...) from the packages
/// beside the runtime's, since the provider itself only searches the loader's standard folders.
/// Libraries that are missing or cannot be loaded are left to that loader, whose message the
/// provider reports.
/// \param runtime  path of libonnxruntime.so, `site-packages/onnxruntime/capi/...` in a wheel
/// \return names of the loaded libraries
std::vector<std::string> preload_cuda_libraries(const std::filesystem::path& runtime);

}  // namespace lungrt::onnxruntime
