/// Benchmarks of a bundle's networks on every available engine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bundle/manifest.h"

namespace lungrt::bench {

/// Random input of a stage's network.
struct NetworkInput {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
NetworkInput network_input(const StageManifest& stage, std::int64_t items);

/// Registers a benchmark for each engine and stage.
/// \throws Error where the folder is not a bundle
void register_networks(const std::string& bundle);

}  // namespace lungrt::bench
