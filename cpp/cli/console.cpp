#include "console.h"

#include <unistd.h>

#include <cstdlib>

namespace lungrt::cli {
namespace {

const char* code_of(Style style) {
  switch (style) {
    case Style::kBold:
      return "\033[1m";
    case Style::kDim:
      return "\033[2m";
    case Style::kRed:
      return "\033[31m";
    case Style::kGreen:
      return "\033[32m";
    case Style::kYellow:
      return "\033[33m";
    case Style::kPlain:
      break;
  }
  return "";
}

}  // namespace

bool is_terminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

std::string styled(const std::string& text, Style style, std::FILE* stream) {
  const bool colours = is_terminal(stream) && std::getenv("NO_COLOR") == nullptr;
  return style == Style::kPlain || !colours ? text : code_of(style) + text + "\033[0m";
}

void print_error(const std::string& message) {
  std::fprintf(stderr, "%s\n", styled("error: " + message, Style::kRed, stderr).c_str());
}

void print(const std::string& text, Style style) {
  std::printf("%s\n", styled(text, style).c_str());
}

void disclaim() { print("lungrt is a research tool, not a medical device.", Style::kDim); }

}  // namespace lungrt::cli
