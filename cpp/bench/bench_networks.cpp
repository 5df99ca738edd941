#include "bench_networks.h"

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "core/bundle/bundle.h"
#include "lungrt/device.h"
#include "lungrt/engines.h"
#include "lungrt/error.h"
#include "lungrt/stage_network.h"
#include "ops/context.h"
#include "scene.h"

namespace lungrt::bench {
namespace {

constexpr std::int64_t kItems = 8;  // per run; engines split it into batches

std::vector<std::int64_t> input_shape(const StageManifest& stage, std::int64_t items) {
  if (stage.kind != StageKind::kSegmentation) {
    const auto& crop = stage.input.crop;
    return {items, 1, crop[0], crop[1], crop[2]};
  }
  const ops::PaddedSize size = ops::padded_size(kShape, stage.input);
  return {items, 2 * stage.input.context_slices + 1, size.height, size.width};
}

std::vector<float> input_values(const std::vector<std::int64_t>& shape,
                                const InputContract& input) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  std::vector<float> values(static_cast<std::size_t>(count));
  std::mt19937 random(3);
  std::uniform_real_distribution<float> hu(input.hu_window[0], input.hu_window[1]);
  for (float& value : values) value = hu(random) * input.scale + input.offset;
  return values;
}

void run_network(benchmark::State& state, const std::string& bundle, const std::string& engine,
                 const StageManifest& stage) {
  try {
    PipelineOptions options;
    options.engine = engine;
    const StageNetwork network(bundle, to_string(stage.kind), options);
    const auto [shape, input] = network_input(stage, kItems);
    std::int64_t outputs = 1;
    for (const std::int64_t size : network.output_shape(shape)) outputs *= size;
    std::vector<float> output(static_cast<std::size_t>(outputs));
    network.run(input.data(), shape, output.data());  // warm-up
    for (auto _ : state) network.run(input.data(), shape, output.data());
    state.counters["per_item"] = {
        static_cast<double>(kItems),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
  } catch (const Error& error) {
    state.SkipWithError(error.what());
  }
}

}  // namespace

NetworkInput network_input(const StageManifest& stage, std::int64_t items) {
  const std::vector<std::int64_t> shape = input_shape(stage, items);
  return {shape, input_values(shape, stage.input)};
}

void register_networks(const std::string& bundle) {
  const Bundle opened = Bundle::open(bundle);
  for (const EngineInfo& engine : engines()) {
    for (const StageKind kind :
         {StageKind::kSegmentation, StageKind::kNodule, StageKind::kMalignancy}) {
      const StageManifest* stage = opened.stage(kind);
      if (stage == nullptr) continue;
      const std::string name = "network/" + engine.name + "/" + to_string(kind);
      auto* registered = benchmark::RegisterBenchmark(
          name.c_str(), [bundle, engine, copy = *stage](benchmark::State& state) {
            if (engine.available) {
              run_network(state, bundle, engine.name, copy);
            } else {
              state.SkipWithError(engine.reason.c_str());
            }
          });
      registered->Unit(benchmark::kMillisecond)->UseRealTime();
    }
  }
}

}  // namespace lungrt::bench
