/// Progress and cancellation of a run: with Ctrl-C, or at a percentage of the segmentation.
///
///     cancellation BUNDLE CANCEL_AT_PERCENT [VOXELS.raw SLICES ROWS COLUMNS SPACING_X SPACING_Y
///     SPACING_Z]
///
/// A cancelled pipeline can be used again: the same one then runs to the end.

#include <lungrt/error.h>
#include <lungrt/pipeline.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "example_ct.h"

namespace {

/// A signal handler may only set a flag of this type; another thread would use std::atomic<bool>.
volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int) { interrupted = 1; }

/// Runs until `percent` of the segmentation is done, or to the end if it is over 100.
/// \return whether the run was completed
bool run(const lungrt::Pipeline& pipeline, const lungrt::CtVolume& volume, int percent) {
  bool enough = false;
  lungrt::RunOptions options;
  // Both are called on this thread, between batches, so they need no locks.
  options.progress = [&](const char* stage, std::int64_t done, std::int64_t total) {
    std::printf("\r%-10s %3d %%", stage, static_cast<int>(done * 100 / total));
    if (done == total) std::printf("\n");
    std::fflush(stdout);
    if (std::string(stage) == "segment" && done * 100 >= percent * total) enough = true;
  };
  options.cancelled = [&] { return enough || interrupted != 0; };
  options.max_seconds = 600;  // a limit also ends the run, with kResourceLimit
  try {
    const lungrt::Report report = pipeline.run(volume, options);
    std::printf("%zu candidates, %zu nodules\n", report.candidates.size(), report.nodules.size());
    return true;
  } catch (const lungrt::Error& error) {
    if (error.code() != lungrt::ErrorCode::kCancelled) throw;
    std::printf("\n%s: %s\n", lungrt::to_string(error.code()), error.what());
    return false;
  }
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 3)
    return std::fputs("the arguments are described at the top of cancellation.cpp\n", stderr), 2;
  std::signal(SIGINT, on_interrupt);
  const lungrt::Pipeline pipeline(arguments[1]);
  const lungrt::CtVolume volume = example::from_arguments(3, count, arguments);

  if (run(pipeline, volume, std::atoi(arguments[2])) || interrupted != 0) return 0;
  std::printf("running the same pipeline again, to the end:\n");
  return run(pipeline, volume, 101) ? 0 : 1;
} catch (const std::exception& error) {
  return std::fprintf(stderr, "\n%s\n", error.what()), 1;
}
