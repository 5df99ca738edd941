/// Benchmarks of the networks' inputs: slices with context, and crops.
#include <benchmark/benchmark.h>

#include "ops/context.h"
#include "ops/crop.h"
#include "scene.h"

namespace lungrt::bench {
namespace {

void stack_context(benchmark::State& state) {
  const CtVolume& volume = scene().volume;
  const InputContract input = book_slices();
  const auto layout = static_cast<Layout>(state.range(0));
  const ops::PaddedSize size = ops::padded_size(kShape, input);
  const std::int64_t channels = 2 * input.context_slices + 1;
  std::vector<float> output(static_cast<std::size_t>(channels * size.height * size.width));
  std::int64_t slice = 0;
  for (auto _ : state) {
    ops::stack_context(volume, slice, input, layout, output.data());
    benchmark::DoNotOptimize(output.data());
    benchmark::ClobberMemory();
    slice = (slice + 1) % kShape.slices;
  }
  state.SetLabel(layout == Layout::kNchw ? "slice, NCHW" : "slice, NHWC");
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(output.size() * sizeof(float)));
}
BENCHMARK(stack_context)
    ->Arg(static_cast<int>(Layout::kNchw))
    ->Arg(static_cast<int>(Layout::kNhwc))
    ->Unit(benchmark::kMillisecond);

void gather_crop(benchmark::State& state) {
  const Scene& given = scene();
  const InputContract input = book_crops();
  std::vector<float> output(
      static_cast<std::size_t>(input.crop[0] * input.crop[1] * input.crop[2]));
  std::size_t place = 0;
  for (auto _ : state) {
    const VoxelIndex origin = ops::crop_origin(kShape, given.places[place], input.crop);
    ops::gather_crop(given.volume, origin, input, output.data());
    benchmark::DoNotOptimize(output.data());
    benchmark::ClobberMemory();
    place = (place + 1) % given.places.size();
  }
  state.SetLabel("crop");
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(output.size() * sizeof(float)));
}
BENCHMARK(gather_crop)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lungrt::bench
