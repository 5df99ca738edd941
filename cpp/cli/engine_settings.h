/// Options that every command has which opens an engine.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>
#include <vector>

namespace lungrt::cli {

/// Adds --engine-runtime NAME=FOLDER.
void add_engine_runtimes(CLI::App& command, std::vector<std::string>& runtimes);

/// Tells the core where the libraries of engines' runtimes lie. What Python finds by its packages
/// has to be told here.
/// \throws Error kInvalidArgument  for what is not NAME=FOLDER, or an engine that does not exist
void locate_runtimes(const std::vector<std::string>& runtimes);

/// Texts NAME=VALUE by name.
/// \param option   for messages, e.g. "--engine-option"
/// \throws Error kInvalidArgument  one is of another form, or a name stands twice
std::map<std::string, std::string> named_values(const char* option,
                                                const std::vector<std::string>& given,
                                                std::map<std::string, std::string> known = {});

}  // namespace lungrt::cli
