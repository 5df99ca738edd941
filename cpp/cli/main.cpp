/// `lungrt-native`: the whole diagnosis without Python.
///
/// Exit codes are those of `lungrt`: 0 done, 2 a wrong argument or any lungrt::Error, told in one
/// line, 130 cancelled with Ctrl-C, 1 a defect of lungrt itself.

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

constexpr int kDefect = 1, kError = 2, kCancelled = 130;  // 128 + SIGINT, as shells have it

int run(int count, char** arguments) {
  CLI::App app("Lung-nodule diagnosis on CT, natively: no Python in the process.", "lungrt-native");
  app.set_version_flag("--version", LUNGRT_VERSION);
  app.footer(
      "Exit codes: 0 done, 2 error, 130 cancelled, 1 a defect of lungrt. A research tool, not a "
      "medical device.");
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
    return app.exit(error) == 0 ? 0 : kError;  // prints the help, or what is wrong
  }
  commands.at(app.get_subcommands().front()->get_name())();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  // Idle OpenMP threads are to wait, not spin: beside one other busy process spinning costs a
  // factor of three. Read when an engine's runtime is loaded, so set before.
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
    lungrt::cli::print_error(std::string("a defect of lungrt: ") + error.what());
    return kDefect;
  }
}
