/// Options of every command that runs something: the same names, defaults and texts as those of
/// `lungrt` (python/lungrt/cli/options.py), which a test compares.
#pragma once

#include <lungrt/io.h>
#include <lungrt/pipeline.h>

#include <CLI/App.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lungrt::cli {

/// Options with which a CT is read and diagnosed.
struct RunArguments {
  ReadOptions reading;
  PipelineOptions pipeline;  ///< but its engine_options, which `engine_settings` returns
  std::vector<std::string> engine_options, engine_runtimes;
  std::string kernels;
  std::optional<double> time_limit;         ///< s
  std::optional<std::string> memory_limit;  ///< as given, e.g. "2GiB"
  bool allow_non_hu = false;
  bool no_progress = false;

  /// Settings of the engine, by name.
  /// \throws Error kInvalidArgument  for a text that is not NAME=VALUE, or a name given twice
  std::map<std::string, std::string> engine_settings() const;
  /// Limits and callbacks of the run.
  /// \throws Error kInvalidArgument  for an invalid limit
  RunOptions run_options() const;
};

void add_run_options(CLI::App& command, RunArguments& to);

/// Adds --engine-runtime NAME=FOLDER.
void add_engine_runtimes(CLI::App& command, std::vector<std::string>& runtimes);

/// Adds --no-progress.
void add_no_progress(CLI::App& command, bool& no_progress);

/// Sets the folders of the engines' runtime libraries, which Python finds in its packages.
/// \throws Error kInvalidArgument  for a text that is not NAME=FOLDER, or an unknown engine
void locate_runtimes(const std::vector<std::string>& runtimes);

}  // namespace lungrt::cli
