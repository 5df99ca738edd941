#include "stages/segment.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "core/text.h"
#include "ops/context.h"
#include "stages/batches.h"

namespace lungrt {
namespace {

/// Parts of the same size that are run in one batch: [first, first + count) of a list.
struct Chunk {
  std::size_t first, count;
};

std::vector<Chunk> chunks_of(const std::vector<SlicePart>& parts, std::int64_t batch) {
  std::vector<Chunk> chunks;
  chunks.reserve(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!chunks.empty()) {
      Chunk& last = chunks.back();
      if (last.count < static_cast<std::size_t>(batch) &&
          parts[last.first].seen.same_size(parts[i].seen)) {
        ++last.count;
        continue;
      }
    }
    chunks.push_back({i, 1});
  }
  return chunks;
}

}  // namespace

Segmenter::Segmenter(const StageManifest& stage, Network network, double threshold)
    : input_(stage.input),
      network_(std::move(network)),
      threshold_(static_cast<float>(threshold)),
      receptive_radius_(network_.traits().fixed_size ? std::nullopt : receptive_radius_of(stage)) {}

WindowPlanner Segmenter::planner(const VolumeShape& shape) const {
  return WindowPlanner(shape, input_, receptive_radius_);
}

Segmenter::Shapes Segmenter::shapes(std::int64_t items, std::int64_t rows,
                                    std::int64_t columns) const {
  const ops::PaddedSize padded = ops::padded_size(rows, columns, input_);
  return {{items, 2 * input_.context_slices + 1, padded.height, padded.width},
          {items, 1, padded.height - 2 * input_.halo, padded.width - 2 * input_.halo}};
}

std::int64_t Segmenter::tensor_bytes(const VolumeShape& shape) const {
  const Shapes item = shapes(1, shape.rows, shape.columns);
  return network_.tensor_bytes(item.input.elements(), item.output.elements());
}

RunControl::Memory Segmenter::hold_working_memory(PlacedScan& scan,
                                                  const std::vector<SlicePart>& parts,
                                                  const RunControl& control) const {
  if (!control.limits_memory()) return {};
  std::int64_t rows = 0, columns = 0;
  for (const SlicePart& part : parts) {
    rows = std::max(rows, part.seen.rows);
    columns = std::max(columns, part.seen.columns);
  }
  if (rows == 0) return {};
  const Shapes tensors = shapes(network_.traits().batch, rows, columns);
  return control.hold(
      "segment",
      "the working memory of " + text::counted(network_.traits().run_streams, "run stream"),
      network_.working_bytes(scan.tensors(), tensors.input, tensors.output));
}

void Segmenter::run(PlacedScan& scan, const RunControl& control) const {
  const WindowPlanner windows = planner(scan.volume().shape());
  std::vector<SlicePart> parts;
  parts.reserve(static_cast<std::size_t>(scan.volume().shape().slices));
  for (std::int64_t slice = 0; slice < scan.volume().shape().slices; ++slice) {
    parts.push_back(windows.whole(slice));
  }
  run(scan, parts, control);
}

NoduleMask Segmenter::run(const CtVolume& volume, const RunControl& control) const {
  const std::unique_ptr<PlacedScan> scan = scan_on_host(volume);
  run(*scan, control);
  return scan->mask();
}

void Segmenter::run(PlacedScan& scan, const std::vector<SlicePart>& parts,
                    const RunControl& control) const {
  const SessionTraits& traits = network_.traits();
  const std::vector<Chunk> chunks = chunks_of(parts, traits.batch);
  const auto total = static_cast<std::int64_t>(parts.size());
  const RunControl::Memory memory = hold_working_memory(scan, parts, control);
  const std::vector<Network::Lease> scratch = network_.leases(scan.tensors());
  control.step("segment", 0, total);
  for_each_batch(
      static_cast<std::int64_t>(chunks.size()), 1, static_cast<int>(scratch.size()),
      [&](int stream, std::int64_t number, std::int64_t) {
        Network::Scratch& own = *scratch[static_cast<std::size_t>(stream)];
        const Chunk& chunk = chunks[static_cast<std::size_t>(number)];
        const auto some = std::span(parts).subspan(chunk.first, chunk.count);
        // The last batch of a size may be short: the network may then also run on what the rest of
        // the buffer held before, and the results are ignored.
        const std::int64_t items = items_to_run(static_cast<std::int64_t>(chunk.count), traits);
        const Shapes tensors = shapes(items, some.front().seen.rows, some.front().seen.columns);
        float* input = own.input.reserve(tensors.input.elements());
        scan.stack_context(some, input_, traits.layout, input);
        network_.run(own, tensors.input, tensors.output);
        scan.threshold(own.output.data(), tensors.output, threshold_, some);
      },
      [&](std::int64_t done) {
        const bool all = done == static_cast<std::int64_t>(chunks.size());
        control.step(
            "segment",
            all ? total : static_cast<std::int64_t>(chunks[static_cast<std::size_t>(done)].first),
            total);
      });
  scan.finish_mask();
}

}  // namespace lungrt
