/// The networks of a bundle on every engine that is there.
#pragma once

#include <string>

namespace lungrt::bench {

/// Registers a benchmark for each engine and stage.
/// \throws Error where the folder is no bundle
void register_networks(const std::string& bundle);

}  // namespace lungrt::bench
