/// `lungrt-native`: the whole diagnosis without Python.
///
/// Exit codes are those of `lungrt`: 0 success, 2 an invalid argument or any lungrt::Error, with a
/// message, 130 cancelled with Ctrl-C, 1 a bug in lungrt itself.

#include <lungrt/error.h>
#include <lungrt/version.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>

#include "commands.h"
#include "console.h"
#include "interrupt.h"

namespace {

constexpr int kDefect = 1, kError = 2, kCancelled = 130;  // 128 + SIGINT, as in shells

int run(int count, char** arguments) {
  CLI::App app("Lung nodule diagnosis on CT, without Python.", "lungrt-native");
  app.set_version_flag("--version", LUNGRT_VERSION);
  app.footer(
      "Exit codes: 0 success, 2 error, 130 cancelled, 1 bug in lungrt. lungrt is a research tool, "
      "not a medical device.");
  app.get_formatter()->column_width(34);
  const std::map<std::string, std::function<void()>> commands{
      {"diagnose", lungrt::cli::add_diagnose(app)},
      {"info", lungrt::cli::add_info(app)},
      {"verify", lungrt::cli::add_verify(app)}};
  if (count == 1) {
    std::fputs(app.help().c_str(), stdout);
    return kError;
  }
  try {
    app.parse(count, arguments);
    if (app.get_subcommands().empty()) throw CLI::CallForHelp();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kError;  // prints the help or the error
  }
  commands.at(app.get_subcommands().front()->get_name())();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  // Idle OpenMP threads shall wait instead of spinning, which costs a factor of three beside one
  // other busy process. The variable is read when an engine's runtime is loaded.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  lungrt::cli::catch_interrupts();
  try {
    return run(count, arguments);
  } catch (const lungrt::Error& error) {
    if (error.code() == lungrt::ErrorCode::kCancelled) {
      std::fputs("cancelled, nothing written\n", stderr);
      return kCancelled;
    }
    lungrt::cli::print_error(error.what());
    return kError;
  } catch (const std::exception& error) {
    lungrt::cli::print_error(std::string("internal error, a bug in lungrt: ") + error.what());
    return kDefect;
  }
}
