#include "backend/native/layers.h"

#include <algorithm>
#include <variant>

#include "backend/native/sessions.h"
#include "lungrt/error.h"
#include "native/classifier/classifier.h"
#include "native/network_file.h"
#include "native/unet/run.h"
#include "ops/interleave.h"

namespace lungrt {
namespace {

[[noreturn]] void refuse(const std::vector<std::int64_t>& shape, const std::string& expected) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  throw Error(ErrorCode::kInvalidArgument,
              "the network expects an input of " + expected + ", got [" + text + "]");
}

void check_slice(const native::UnetGraph& graph, const std::vector<std::int64_t>& shape) {
  const std::int64_t channels = graph.options().in_channels;
  if (shape.size() != 3 || shape[0] != channels || !graph.takes(shape[1], shape[2])) {
    const int lost = 2 * graph.halo();
    refuse(shape, "[" + std::to_string(channels) +
                      ", height, width] with height and width a multiple of " +
                      std::to_string(graph.size_multiple()) +
                      (lost > 0 ? " plus " + std::to_string(lost) : ""));
  }
}

native::Trace trace_unet(const native::UnetOptions& options, native::Tensors& tensors,
                         const NativeSettings& settings, const float* input,
                         const std::vector<std::int64_t>& shape) {
  const native::UnetGraph graph(options, tensors, settings.algorithm);
  tensors.require_all_taken();
  check_slice(graph, shape);
  const std::int64_t pixels = shape[1] * shape[2];
  std::vector<float> channels_last(static_cast<std::size_t>(shape[0] * pixels));
  ops::interleave_portable(input, pixels, pixels, shape[0], shape[0], channels_last.data());
  native::Trace trace;
  native::UnetRun run(graph, settings.kernels, static_cast<int>(shape[1]),
                      static_cast<int>(shape[2]));
  std::vector<float> probability(static_cast<std::size_t>(pixels));
  run.run(channels_last.data(), probability.data(), &trace);
  return trace;
}

native::Trace trace_classifier(const native::ClassifierOptions& options, native::Tensors& tensors,
                               const NativeSettings& settings, const float* input,
                               const std::vector<std::int64_t>& shape) {
  const native::Classifier classifier(options, tensors, settings.algorithm);
  tensors.require_all_taken();
  const auto& crop = options.crop;
  if (!std::equal(shape.begin(), shape.end(), crop.begin(), crop.end())) {
    refuse(shape, "[" + std::to_string(crop[0]) + ", " + std::to_string(crop[1]) + ", " +
                      std::to_string(crop[2]) + "]");
  }
  native::Trace trace;
  native::ClassifierRun run(classifier, settings.kernels);
  std::vector<float> probabilities(static_cast<std::size_t>(options.out_channels));
  run.run(input, probabilities.data(), &trace);
  return trace;
}

}  // namespace

std::map<std::string, LayerOutput> native_layers(const std::filesystem::path& file, bool slices,
                                                 const float* input,
                                                 const std::vector<std::int64_t>& shape,
                                                 const EngineOptions& options) {
  const NativeSettings settings = parse_native_settings(options);
  native::NetworkFile network = native::read_network_file(file);
  require_family(network, slices, file);
  native::Trace trace = slices
                            ? trace_unet(std::get<native::UnetOptions>(network.options),
                                         network.tensors, settings, input, shape)
                            : trace_classifier(std::get<native::ClassifierOptions>(network.options),
                                               network.tensors, settings, input, shape);
  std::map<std::string, LayerOutput> result;
  for (auto& [name, layer] : trace) {
    result[name] = {{layer.shape.begin(), layer.shape.end()}, std::move(layer.values)};
  }
  return result;
}

}  // namespace lungrt
