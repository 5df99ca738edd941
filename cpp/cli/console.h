/// Output of the command line: results go to stdout, everything else to stderr.
#pragma once

#include <cstdio>
#include <string>

namespace lungrt::cli {

/// Styles of text on a terminal; files and pipes receive plain text.
enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow };

bool is_terminal(std::FILE* stream);

/// A text with the escape codes of its style if `stream` is a terminal.
std::string styled(const std::string& text, Style style, std::FILE* stream = stdout);

/// Prints "error: ..." in red to stderr.
void print_error(const std::string& message);

/// Prints a line to stdout.
void print(const std::string& text, Style style = Style::kPlain);

/// Prints that this is not a medical device.
void disclaim();

}  // namespace lungrt::cli
