/// Outputs of single layers of the native engine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "backend/session.h"
#include "lungrt/layers.h"

namespace lungrt {

/// Implements layer_outputs() for a weights file.
/// \param slices  true: the file must hold a U-Net, false: a classifier
std::map<std::string, LayerOutput> native_layers(const std::filesystem::path& file, bool slices,
                                                 const float* input,
                                                 const std::vector<std::int64_t>& shape,
                                                 const EngineOptions& options);

}  // namespace lungrt
