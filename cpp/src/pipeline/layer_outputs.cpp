#include <string>

#include "backend/native/engine.h"
#include "backend/native/layers.h"
#include "core/bundle/bundle.h"
#include "core/shape.h"
#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/layers.h"
#include "stages/network.h"

namespace lungrt {

std::map<std::string, LayerOutput> layer_outputs(
    const std::string& bundle, const std::string& stage, const float* input,
    const std::vector<std::int64_t>& shape,
    const std::map<std::string, std::string>& engine_options, int member) {
  if (input == nullptr) {
    throw Error(ErrorCode::kInvalidArgument, "the input of the network is a null pointer");
  }
  for (const std::int64_t size : shape) {
    if (size < 1 || size > kMaxAxis) {
      throw Error(ErrorCode::kInvalidArgument,
                  "an axis of the network's input has " + std::to_string(size) +
                      " values, expected 1 to " + text::grouped(kMaxAxis));
    }
  }
  const Bundle opened = Bundle::open(bundle);
  const StageManifest chosen = only_member(opened.required_stage(stage_kind(stage)), member);
  const BundleFile& artifact = artifact_for(chosen.networks.front(), chosen, native_engine());
  return native_layers(opened.file(artifact, true), chosen.kind == StageKind::kSegmentation, input,
                       shape, engine_options);
}

}  // namespace lungrt
