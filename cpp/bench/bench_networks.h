/// Benchmarks of a bundle's networks on every available engine.
#pragma once

#include <string>

namespace lungrt::bench {

/// Registers a benchmark for each engine and stage.
/// \throws Error where the folder is not a bundle
void register_networks(const std::string& bundle);

}  // namespace lungrt::bench
