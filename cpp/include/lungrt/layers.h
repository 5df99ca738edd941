/// Outputs of a network's layers, for finding where two implementations differ.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// Output of one layer for one item, of shape [channels, height, width], or of shape
/// [channels, slices, height, width] in a 3-D network.
struct LayerOutput {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// Runs a stage's network on one item with the native engine and returns the outputs of its layers.
/// Keys are the names of the eager network's modules (lungrt.models). Layers that are fused with
/// the next one are left out.
/// \param input   float32 values in the order of `shape`, scaled by the manifest's input contract
/// \param shape   segmentation: [channels, height, width]; classifiers: [slices, rows, columns]
/// \param engine_options  settings of the native engine
/// \param member  number of the network in its ensemble, from 0
/// \throws Error kBadBundle, kUnsupportedVersion, kInvalidArgument (stage, shape or option),
///         kDeviceUnavailable
LUNGRT_API std::map<std::string, LayerOutput> layer_outputs(
    const std::string& bundle, const std::string& stage, const float* input,
    const std::vector<std::int64_t>& shape,
    const std::map<std::string, std::string>& engine_options = {}, int member = 0);

}  // namespace lungrt
