/// What each layer of a network gives, for finding where two implementations part.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lungrt/export.h"

namespace lungrt {

/// Output of one layer for one item: [channels, height, width] or [channels, slices, height,
/// width].
struct LayerOutput {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// Runs a stage's network on one item by the native engine and keeps what its layers gave, by the
/// names of the modules of the eager network (lungrt.models) whose outputs they are. Layers that
/// are computed together with the next one are left out.
/// \param input   float32, in the order of `shape`, scaled as the manifest's input contract says
/// \param shape   [channels, height, width] of a slice in context, or [slices, rows, columns]
/// \param engine_options  of the native engine
/// \param member  of an ensemble, from 0
/// \throws Error  kBadBundle, kUnsupportedVersion, kInvalidArgument (stage, shape, option),
///                kDeviceUnavailable
LUNGRT_API std::map<std::string, LayerOutput> layer_outputs(
    const std::string& bundle, const std::string& stage, const float* input,
    const std::vector<std::int64_t>& shape,
    const std::map<std::string, std::string>& engine_options = {}, int member = 0);

}  // namespace lungrt
