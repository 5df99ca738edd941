#include "stages/segment.h"

#include <utility>

#include "ops/context.h"
#include "ops/threshold.h"
#include "stages/batches.h"

namespace lungrt {
namespace {

/// Parts of one size that are run together: [first, first + count) of a list.
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
      reach_(network_.traits().fixed_size ? std::nullopt : reach_of(stage)) {}

WindowPlanner Segmenter::planner(const VolumeShape& shape) const {
  return WindowPlanner(shape, input_, reach_);
}

NoduleMask Segmenter::run(const CtVolume& volume, const RunControl& control) const {
  const WindowPlanner windows = planner(volume.shape());
  std::vector<SlicePart> parts;
  parts.reserve(static_cast<std::size_t>(volume.shape().slices));
  for (std::int64_t slice = 0; slice < volume.shape().slices; ++slice) {
    parts.push_back(windows.whole(slice));
  }
  NoduleMask mask(volume.shape());
  run(volume, parts, control, mask);
  return mask;
}

void Segmenter::run(const CtVolume& volume, const std::vector<SlicePart>& parts,
                    const RunControl& control, NoduleMask& mask) const {
  const std::int64_t batch = network_.traits().batch;
  const std::int64_t channels = 2 * input_.context_slices + 1;
  const std::vector<Chunk> chunks = chunks_of(parts, batch);
  const auto total = static_cast<std::int64_t>(parts.size());

  const auto run_chunk = [&](Network::Scratch& own, const Chunk& chunk) {
    const ops::SliceWindow& size = parts[chunk.first].seen;
    const ops::PaddedSize padded = ops::padded_size(size.rows, size.columns, input_);
    const TensorShape input_shape{batch, channels, padded.height, padded.width};
    const std::int64_t output_width = padded.width - 2 * input_.halo;
    const TensorShape output_shape{batch, 1, padded.height - 2 * input_.halo, output_width};
    const std::int64_t input_item = input_shape.elements() / batch;
    const std::int64_t output_item = output_shape.elements() / batch;

    // The last batch of a size may be short: what its tail held before is computed and ignored.
    float* input = own.input.reserve(input_shape.elements());
    for (std::size_t item = 0; item < chunk.count; ++item) {
      const SlicePart& part = parts[chunk.first + item];
      ops::stack_context(volume, part.slice, part.seen, input_, network_.traits().layout,
                         input + static_cast<std::int64_t>(item) * input_item);
    }
    network_.run(own, input_shape, output_shape);
    for (std::size_t item = 0; item < chunk.count; ++item) {
      const SlicePart& part = parts[chunk.first + item];
      const float* probability = own.output.data() + static_cast<std::int64_t>(item) * output_item +
                                 (part.known.first_row - part.seen.first_row) * output_width +
                                 (part.known.first_column - part.seen.first_column);
      ops::threshold_window(probability, output_width, threshold_, part.slice, part.known, mask);
    }
  };

  const std::vector<Network::Lease> scratch = network_.leases();
  control.step("segment", 0, total);
  for_each_batch(
      static_cast<std::int64_t>(chunks.size()), 1, static_cast<int>(scratch.size()),
      [&](int lane, std::int64_t chunk, std::int64_t) {
        run_chunk(*scratch[static_cast<std::size_t>(lane)],
                  chunks[static_cast<std::size_t>(chunk)]);
      },
      [&](std::int64_t done) {
        const bool all = done == static_cast<std::int64_t>(chunks.size());
        control.step(
            "segment",
            all ? total : static_cast<std::int64_t>(chunks[static_cast<std::size_t>(done)].first),
            total);
      });
}

}  // namespace lungrt
