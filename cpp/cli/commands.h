/// The commands of `lungrt-native`.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace lungrt::cli {

/// Adds a command.
/// \return runs the command with the options that were parsed
std::function<void()> add_diagnose(CLI::App& app);
std::function<void()> add_info(CLI::App& app);
std::function<void()> add_verify(CLI::App& app);

}  // namespace lungrt::cli
