/// Workers that share one pipeline and take scans from a queue, as in a service.
///
///     worker_pool BUNDLE WORKERS SCANS [VOXELS.raw SLICES ROWS COLUMNS SPACING_X SPACING_Y
///     SPACING_Z]
///
/// The weights are in memory only once. Each run uses one thread, which gives the highest
/// throughput for many scans at the same time; a single scan is fastest with
/// PipelineOptions::threads = 0.

#include <lungrt/error.h>
#include <lungrt/pipeline.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "example_ct.h"

namespace {

/// Result of one scan: a summary of the report, or an error. A bad scan does not stop the others.
struct Outcome {
  std::size_t candidates = 0, nodules = 0;
  double seconds = 0;
  std::string error;
};

Outcome diagnose(const lungrt::Pipeline& pipeline, const lungrt::CtVolume& volume) {
  Outcome outcome;
  try {
    const lungrt::Report report = pipeline.run(volume);
    outcome.candidates = report.candidates.size();
    outcome.nodules = report.nodules.size();
    outcome.seconds = report.timings_s.at("total");
  } catch (const std::exception& error) {
    outcome.error = error.what();
  }
  return outcome;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 4)
    return std::fputs("the arguments are described at the top of worker_pool.cpp\n", stderr), 2;
  const int workers = std::atoi(arguments[2]);
  const int scans = std::atoi(arguments[3]);
  if (workers < 1 || scans < 1)
    return std::fputs("WORKERS and SCANS must be at least 1\n", stderr), 2;

  lungrt::PipelineOptions options;
  options.threads = 1;
  const lungrt::Pipeline pipeline(arguments[1], options);
  // Copies of a volume share their voxels; generated scans differ in their noise.
  std::vector<lungrt::CtVolume> queue;
  for (int i = 0; i < scans; ++i) {
    queue.push_back(count == 4 ? example::generated(static_cast<std::uint32_t>(i + 1))
                    : i == 0   ? example::from_arguments(4, count, arguments)
                               : queue.front());
  }

  std::vector<Outcome> outcomes(queue.size());
  std::atomic<std::size_t> next{0};
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> pool;
  for (int worker = 0; worker < workers; ++worker) {
    pool.emplace_back([&] {
      for (std::size_t i = next++; i < queue.size(); i = next++) {
        outcomes[i] = diagnose(pipeline, queue[i]);
      }
    });
  }
  for (std::thread& worker : pool) worker.join();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;

  int failed = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    if (outcome.error.empty()) {
      std::printf("scan %zu: %zu candidates, %zu nodules, %.2f s\n", i + 1, outcome.candidates,
                  outcome.nodules, outcome.seconds);
    } else {
      std::printf("scan %zu: %s\n", i + 1, outcome.error.c_str());
      ++failed;
    }
  }
  std::printf("%d scans by %d workers in %.2f s\n", scans, workers, wall.count());
  return failed == 0 ? 0 : 1;
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
