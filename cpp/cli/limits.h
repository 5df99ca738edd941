/// `--time-limit` and `--memory-limit`: what a run may take.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "lungrt/pipeline.h"

namespace lungrt::cli {

struct Limits {
  std::optional<double> seconds;
  std::optional<std::string> memory;  ///< as it was given
};

void add_limits(CLI::App& command, Limits& limits);

/// \throws Error kInvalidArgument  for what no limit can be
void set_limits(const Limits& limits, RunOptions& options);

}  // namespace lungrt::cli
