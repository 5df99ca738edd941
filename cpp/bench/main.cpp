/// Benchmarks of pre- and post-processing, and of the networks if LUNGRT_BENCH_BUNDLE names a
/// bundle.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdio>

#include "bench_networks.h"
#include "bench_tables.h"
#include "lungrt/error.h"
#include "lungrt/process.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  // The same settings as in the command line.
  setenv("OMP_WAIT_POLICY", "passive", 0);
  lungrt::tune_process_allocator();
  if (const char* bundle = getenv("LUNGRT_BENCH_BUNDLE")) {
    try {
      lungrt::bench::register_networks(bundle);
      lungrt::bench::register_tables(bundle);
    } catch (const lungrt::Error& error) {
      std::fprintf(stderr, "LUNGRT_BENCH_BUNDLE: %s\n", error.what());
      return 2;
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
