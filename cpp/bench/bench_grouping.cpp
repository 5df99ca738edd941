/// Benchmarks of grouping: threshold, erosion, components and their centres of mass.
///
/// The project's target for `per_slice` of "grouping" is less than 0.2 ms (200 us).
#include <benchmark/benchmark.h>

#include "ops/components.h"
#include "ops/threshold.h"
#include "scene.h"
#include "stages/group.h"

namespace lungrt::bench {
namespace {

constexpr float kThreshold = 0.5F;

void threshold(const Scene& given, std::int64_t slice, NoduleMask& mask) {
  const float* probability = given.probability.data() + slice * kShape.slice_voxels();
  ops::threshold_slice(probability, kShape.columns, kThreshold, slice, mask);
}

/// Counter: seconds of wall time per slice, where each iteration processes `slices` slices.
benchmark::Counter per_slice(std::int64_t slices) {
  return {static_cast<double>(slices),
          benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

void threshold_slice(benchmark::State& state) {
  const Scene& given = scene();
  NoduleMask mask(kShape);
  std::int64_t slice = 0;
  for (auto _ : state) {
    threshold(given, slice, mask);
    benchmark::ClobberMemory();
    slice = (slice + 1) % kShape.slices;
  }
  state.counters["per_slice"] = per_slice(1);
}
BENCHMARK(threshold_slice)->Unit(benchmark::kMillisecond)->UseRealTime();

void erosion_and_components(benchmark::State& state) {
  const Scene& given = scene();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ops::eroded_components(given.mask, given.volume));
  }
  state.counters["per_slice"] = per_slice(kShape.slices);
}
BENCHMARK(erosion_and_components)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The whole of grouping, as a pipeline does it: from probabilities to a sorted list of candidates.
void grouping(benchmark::State& state) {
  const Scene& given = scene();
  NoduleMask mask(kShape);
  std::size_t candidates = 0;
  for (auto _ : state) {
    for (std::int64_t slice = 0; slice < kShape.slices; ++slice) threshold(given, slice, mask);
    candidates = group_candidates(given.volume, mask, InverseTransform::kBook).candidates.size();
    benchmark::DoNotOptimize(candidates);
  }
  state.counters["per_slice"] = per_slice(kShape.slices);
  state.counters["candidates"] = static_cast<double>(candidates);
}
BENCHMARK(grouping)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lungrt::bench
