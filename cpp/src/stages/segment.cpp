#include "stages/segment.h"

#include <memory>
#include <utility>
#include <vector>

#include "ops/context.h"
#include "stages/batches.h"

namespace lungrt {

Segmenter::Segmenter(const StageManifest& stage, Network network, double threshold)
    : input_(stage.input),
      network_(std::move(network)),
      threshold_(static_cast<float>(threshold)) {}

Segmenter::Shapes Segmenter::shapes(const VolumeShape& volume) const {
  const std::int64_t batch = network_.traits().batch;
  const ops::PaddedSize padded = ops::padded_size(volume, input_);
  return {{batch, 2 * input_.context_slices + 1, padded.height, padded.width},
          {batch, 1, padded.height - 2 * input_.halo, padded.width - 2 * input_.halo}};
}

std::int64_t Segmenter::tensor_bytes(const VolumeShape& shape) const {
  const Shapes tensors = shapes(shape);
  const std::int64_t batch = network_.traits().batch;
  return network_.tensor_bytes(tensors.input.elements() / batch, tensors.output.elements() / batch);
}

void Segmenter::run(Scan& scan, const RunControl& control) const {
  const std::int64_t slices = scan.volume().shape().slices;
  const SessionTraits& traits = network_.traits();
  const Shapes tensors = shapes(scan.volume().shape());
  const std::vector<Network::Lease> scratch = network_.leases(scan.tensors());
  control.step("segment", 0, slices);
  for_each_batch(
      slices, traits.batch, static_cast<int>(scratch.size()),
      [&](int lane, std::int64_t first, std::int64_t count) {
        Network::Scratch& own = *scratch[static_cast<std::size_t>(lane)];
        float* input = own.input.reserve(tensors.input.elements());
        // The last batch may be short: what its tail held before is computed and ignored.
        scan.stack_context(first, count, input_, traits.layout, input);
        network_.run(own, tensors.input, tensors.output);
        scan.threshold(own.output.data(), tensors.output, threshold_, first, count);
      },
      [&](std::int64_t done) { control.step("segment", done, slices); });
  scan.finish_mask();
}

NoduleMask Segmenter::run(const CtVolume& volume, const RunControl& control) const {
  const std::unique_ptr<Scan> scan = scan_on_host(volume);
  run(*scan, control);
  return scan->mask();
}

}  // namespace lungrt
