/// The commands of `lungrt-native`, and what they share.
#pragma once

#include <lungrt/pipeline.h>

#include <CLI/App.hpp>
#include <functional>
#include <initializer_list>
#include <string>

namespace lungrt::cli {

/// Adds a command.
/// \return runs the command with the options that were parsed
std::function<void()> add_diagnose(CLI::App& app);
std::function<void()> add_info(CLI::App& app);
std::function<void()> add_verify(CLI::App& app);

/// Whether Ctrl-C was pressed.
bool interrupted();

/// Prints a line to stderr for each stage that begins.
/// \return empty if `silent`, or if stderr is not a terminal
ProgressCallback stage_lines(bool silent);

/// \return the suffix of an output file, in lower case
/// \throws Error kInvalidArgument  if it is none of the known ones
std::string output_suffix(const std::string& path, std::initializer_list<const char*> known);

/// Texts with a separator between them.
template <typename Texts>
std::string joined(const Texts& texts, const char* separator) {
  std::string result;
  for (const auto& text : texts) result.append(result.empty() ? "" : separator).append(text);
  return result;
}

}  // namespace lungrt::cli
