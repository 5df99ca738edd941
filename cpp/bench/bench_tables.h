/// Benchmarks that compare the native engine's tables of kernels.
#pragma once

#include <string>

namespace lungrt::bench {

/// Registers a comparison of the best table of this processor with each other one that it supports.
/// Counters: `ratio` is the median ratio of their times, `other_ms` the other's median,
/// `difference` the largest difference of their outputs.
/// \throws Error where the folder is not a bundle
void register_tables(const std::string& bundle);

}  // namespace lungrt::bench
