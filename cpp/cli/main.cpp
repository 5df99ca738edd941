/// `lungrt-native`: the whole diagnosis without Python.
///
/// Exit codes are those of `lungrt`: 0 success, 2 an invalid argument or any lungrt::Error, with a
/// message, 130 cancelled with Ctrl-C, 1 a bug in lungrt itself. Results go to stdout, everything
/// else to stderr. Where the reader of a pipe has ended, SIGPIPE ends the command.

#include <fcntl.h>
#include <lungrt/error.h>
#include <lungrt/io.h>
#include <lungrt/version.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <map>
#include <string>

#include "commands.h"

namespace lungrt::cli {
namespace {

constexpr int kDefect = 1, kError = 2, kCancelled = 130;  // 128 + SIGINT, as in shells

volatile std::sig_atomic_t interrupts = 0;

/// From now on the first Ctrl-C is recorded, and the second one ends the process.
void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupts = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
}

/// Lets closed standard streams lead to nowhere. Otherwise the next file that is opened would get
/// the descriptor, and with it what is printed.
void occupy_standard_streams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1) continue;
    const int nowhere = ::open("/dev/null", O_RDWR);  // gets the lowest free descriptor
    if (nowhere != descriptor) ::_exit(kDefect);
  }
}

/// \throws Error kIo where what was printed could not be written
void flush_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw Error(ErrorCode::kIo, std::string("cannot write to standard output: ") +
                                  std::strerror(errno) +
                                  "; files named on the command line were written if nothing else "
                                  "is said");
}

int run(int count, char** arguments) {
  CLI::App app("Lung nodule diagnosis on CT, without Python.", "lungrt-native");
  app.set_version_flag("--version", LUNGRT_VERSION);
  app.footer(
      "Exit codes: 0 success, 2 error, 130 cancelled, 1 bug in lungrt. lungrt is a research tool, "
      "not a medical device.");
  app.get_formatter()->column_width(34);
  const std::map<std::string, std::function<void()>> commands{
      {"diagnose", add_diagnose(app)}, {"info", add_info(app)}, {"verify", add_verify(app)}};
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

bool interrupted() { return interrupts != 0; }

ProgressCallback stage_lines(bool silent) {
  if (silent || ::isatty(STDERR_FILENO) != 1) return {};
  return [last = std::string()](const char* stage, std::int64_t, std::int64_t) mutable {
    if (last != stage) std::fprintf(stderr, "%s ...\n", stage);
    last = stage;
  };
}

std::string output_suffix(const std::string& path, std::initializer_list<const char*> known) {
  const std::string suffix = CLI::detail::to_lower(std::filesystem::path(path).extension());
  for (const char* one : known) {
    if (suffix == one) return suffix;
  }
  throw Error(ErrorCode::kInvalidArgument,
              path + ": unknown kind of output; expected " + joined(known, " or "));
}

}  // namespace lungrt::cli

int main(int count, char** arguments) {
  using namespace lungrt::cli;
  occupy_standard_streams();
  // Idle OpenMP threads shall wait instead of spinning, which costs a factor of three beside one
  // other busy process. The variable is read when an engine's runtime is loaded.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  catch_interrupts();
  try {
    const int code = run(count, arguments);
    flush_output();
    return code;
  } catch (const lungrt::Error& error) {
    if (error.code() == lungrt::ErrorCode::kCancelled) {
      std::fputs("cancelled, nothing written\n", stderr);
      return kCancelled;
    }
    std::fprintf(stderr, "error: %s\n", lungrt::printable(error.what()).c_str());
    return kError;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: internal error, a bug in lungrt: %s\n", error.what());
    return kDefect;
  }
}
