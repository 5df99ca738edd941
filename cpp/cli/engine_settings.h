/// Options of all commands that open an engine.
#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>
#include <vector>

namespace lungrt::cli {

/// Adds --engine-runtime NAME=FOLDER.
void add_engine_runtimes(CLI::App& command, std::vector<std::string>& runtimes);

/// Sets the folders of the engines' runtime libraries, which Python finds in its packages.
/// \throws Error kInvalidArgument  for a text that is not NAME=FOLDER, or an unknown engine
void locate_runtimes(const std::vector<std::string>& runtimes);

/// Parses texts of the form NAME=VALUE.
/// \param option   name of the option, for messages, e.g. "--engine-option"
/// \param known    values that were given in another way
/// \throws Error kInvalidArgument  for a text of another form, or a name that is given twice
std::map<std::string, std::string> named_values(const char* option,
                                                const std::vector<std::string>& given,
                                                std::map<std::string, std::string> known = {});

}  // namespace lungrt::cli
