/// The native engine's layers, one by one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "backend/session.h"
#include "lungrt/layers.h"

namespace lungrt {

/// What layer_outputs() does, of a file.
/// \param slices  whether it is expected to hold a U-Net
std::map<std::string, LayerOutput> native_layers(const std::filesystem::path& file, bool slices,
                                                 const float* input,
                                                 const std::vector<std::int64_t>& shape,
                                                 const EngineOptions& options);

}  // namespace lungrt
