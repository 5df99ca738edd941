#include "bench_tables.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "bench_networks.h"
#include "core/bundle/bundle.h"
#include "lungrt/error.h"
#include "lungrt/stage_network.h"
#include "native/instruction_set.h"

namespace lungrt::bench {
namespace {

using native::InstructionSet;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

StageNetwork open(const std::string& bundle, StageKind stage, InstructionSet set, int threads) {
  PipelineOptions options;
  options.engine = "native";
  options.threads = threads;
  options.engine_options = {{"instruction_set", native::to_string(set)}};
  return {bundle, to_string(stage), options};
}

/// Two tables of kernels in turns on the same input. Other work on the machine slows down both runs
/// of a turn, so the median of their ratios is steadier than the ratio of two medians.
void compare_tables(benchmark::State& state, const std::string& bundle, const StageManifest& stage,
                    InstructionSet one, InstructionSet other) {
  const auto threads = static_cast<int>(state.range(0));
  const StageNetwork first = open(bundle, stage.kind, one, threads);
  const StageNetwork second = open(bundle, stage.kind, other, threads);
  const NetworkInput input = network_input(stage, threads);
  std::size_t outputs = 1;
  for (const std::int64_t size : first.output_shape(input.shape)) {
    outputs *= static_cast<std::size_t>(size);
  }
  std::vector<float> found(outputs), expected(outputs);
  const auto seconds = [&](const StageNetwork& network, std::vector<float>& output) {
    const auto start = std::chrono::steady_clock::now();
    network.run(input.values.data(), input.shape, output.data());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds(first, found);  // warm-up
  seconds(second, expected);
  float difference = 0.0F;
  for (std::size_t i = 0; i < outputs; ++i) {
    difference = std::max(difference, std::abs(found[i] - expected[i]));
  }

  std::vector<double> ratios, others;
  bool first_goes_first = true;
  for (auto _ : state) {
    const double before = first_goes_first ? 0.0 : seconds(second, expected);
    const double took = seconds(first, found);
    others.push_back(first_goes_first ? seconds(second, expected) : before);
    ratios.push_back(took / others.back());
    state.SetIterationTime(took);
    first_goes_first = !first_goes_first;
  }
  state.counters["ratio"] = median(ratios);
  state.counters["other_ms"] = median(others) * 1e3;
  state.counters["difference"] = difference;
}

}  // namespace

void register_tables(const std::string& bundle) {
  const Bundle opened = Bundle::open(bundle);
  const InstructionSet best = native::best_instruction_set();
  for (const InstructionSet other : {InstructionSet::kAvx512Intel, InstructionSet::kAvx512,
                                     InstructionSet::kAvx2, InstructionSet::kPortable}) {
    if (other == best || !native::is_supported(other)) continue;
    for (const StageKind kind : {StageKind::kSegmentation, StageKind::kNodule}) {
      const StageManifest* stage = opened.stage(kind);
      if (stage == nullptr) continue;
      const std::string name = std::string("tables/") + to_string(kind) + "/" +
                               native::to_string(best) + "_to_" + native::to_string(other);
      benchmark::RegisterBenchmark(name.c_str(),
                                   [bundle, copy = *stage, best, other](benchmark::State& state) {
                                     try {
                                       compare_tables(state, bundle, copy, best, other);
                                     } catch (const Error& error) {
                                       state.SkipWithError(error.what());
                                     }
                                   })
          ->ArgName("threads")
          ->Arg(1)
          ->Arg(2)
          ->Unit(benchmark::kMillisecond)
          ->UseManualTime();
    }
  }
}

}  // namespace lungrt::bench
