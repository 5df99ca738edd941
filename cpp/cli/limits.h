/// Limits of a run: `--time-limit` and `--memory-limit`.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "lungrt/pipeline.h"

namespace lungrt::cli {

struct Limits {
  std::optional<double> seconds;
  std::optional<std::string> memory;  ///< as given, e.g. "2GiB"
};

void add_limits(CLI::App& command, Limits& limits);

/// Sets the limits in the options of a run.
/// \throws Error kInvalidArgument  for an invalid limit
void set_limits(const Limits& limits, RunOptions& options);

}  // namespace lungrt::cli
