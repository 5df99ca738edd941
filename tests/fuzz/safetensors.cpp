#include "core/bundle/safetensors.h"

#include <utility>
#include <variant>
#include <vector>

#include "check.h"
#include "native/classifier/classifier.h"
#include "native/network_file.h"
#include "native/unet/run.h"
#include "targets.h"

namespace lungrt::fuzz {
namespace {

/// Larger networks and slices would only cost time.
constexpr std::int64_t kMostPixels = 64, kMostVoxels = 4096;

void run_unet(const native::UnetOptions& options, native::Tensors& tensors) {
  const native::UnetGraph graph(options, tensors, native::Algorithm::kWinograd);
  tensors.require_all_taken();
  const std::int64_t side = graph.size_multiple() + 2 * graph.halo();
  if (side > kMostPixels) return;
  check(graph.takes(side, side), "a network refuses its own smallest size");
  native::UnetRun run(graph, native::portable_kernels(), static_cast<int>(side),
                      static_cast<int>(side));
  const std::vector<float> slice(static_cast<std::size_t>(side * side * options.in_channels), 0.5F);
  std::vector<float> probability(
      static_cast<std::size_t>(graph.size_multiple() * graph.size_multiple()), 2.0F);
  run.run(slice.data(), probability.data());
  for (const float p : probability) check(!(p < 0 || p > 1), "a probability beyond 0 and 1");
}

void run_classifier(const native::ClassifierOptions& options, native::Tensors& tensors) {
  const native::Classifier classifier(options, tensors, native::Algorithm::kWinograd);
  tensors.require_all_taken();
  const std::int64_t voxels = std::int64_t{1} * options.crop[0] * options.crop[1] * options.crop[2];
  if (voxels > kMostVoxels) return;
  native::ClassifierRun run(classifier, native::portable_kernels());
  const std::vector<float> crop(static_cast<std::size_t>(voxels), 0.5F);
  std::vector<float> probabilities(static_cast<std::size_t>(options.out_channels), 2.0F);
  run.run(crop.data(), probabilities.data());
  for (const float p : probabilities) check(!(p < 0 || p > 1), "a probability beyond 0 and 1");
}

}  // namespace

void safetensors(std::string_view input) {
  Safetensors stored;
  const bool read = accepts({ErrorCode::kBadBundle}, [&] {
    stored = parse_safetensors(input, "weights.safetensors");
    std::size_t values = 0;
    for (const auto& [name, tensor] : stored.tensors) {
      std::size_t expected = 1;
      for (const std::int64_t size : tensor.shape) expected *= static_cast<std::size_t>(size);
      check(tensor.values.size() == expected, "as many values as the shape says");
      values += expected;
    }
    check(values * sizeof(float) < input.size(), "more values than bytes");
  });
  if (!read) return;
  accepts({ErrorCode::kBadBundle, ErrorCode::kUnsupportedVersion}, [&] {
    native::NetworkFile network =
        native::parse_network_file(std::move(stored), "weights.safetensors");
    if (const auto* unet = std::get_if<native::UnetOptions>(&network.options)) {
      run_unet(*unet, network.tensors);
    } else {
      run_classifier(std::get<native::ClassifierOptions>(network.options), network.tensors);
    }
  });
}

}  // namespace lungrt::fuzz
