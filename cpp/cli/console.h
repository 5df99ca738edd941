/// Where the command line writes: results to stdout, everything else to stderr.
#pragma once

#include <cstdio>
#include <string>

namespace lungrt::cli {

/// Ways to show a text on a terminal; a file or pipe gets it plain.
enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow };

bool is_terminal(std::FILE* stream);

/// The text, with the terminal's codes around it where `stream` is one.
std::string styled(const std::string& text, Style style, std::FILE* stream = stdout);

/// "error: ..." in red, more lines where the message lists things.
void print_error(const std::string& message);

/// A line on stdout.
void print(const std::string& text, Style style = Style::kPlain);

/// Says what this is not.
void disclaim();

}  // namespace lungrt::cli
