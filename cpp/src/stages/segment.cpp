#include "stages/segment.h"

#include <utility>
#include <vector>

#include "ops/context.h"
#include "ops/threshold.h"
#include "stages/batches.h"

namespace lungrt {

Segmenter::Segmenter(const StageManifest& stage, Network network, double threshold)
    : input_(stage.input),
      network_(std::move(network)),
      threshold_(static_cast<float>(threshold)) {}

NoduleMask Segmenter::run(const CtVolume& volume, const RunControl& control) const {
  const VolumeShape& shape = volume.shape();
  const std::int64_t batch = network_.traits().batch;
  const std::int64_t channels = 2 * input_.context_slices + 1;
  const ops::PaddedSize padded = ops::padded_size(shape, input_);
  const TensorShape input_shape{batch, channels, padded.height, padded.width};
  const std::int64_t output_width = padded.width - 2 * input_.halo;
  const TensorShape output_shape{batch, 1, padded.height - 2 * input_.halo, output_width};
  const std::int64_t input_item = input_shape.elements() / batch;
  const std::int64_t output_item = output_shape.elements() / batch;

  NoduleMask mask(shape);
  const std::vector<Network::Lease> scratch = network_.leases();
  control.step("segment", 0, shape.slices);
  for_each_batch(
      shape.slices, batch, static_cast<int>(scratch.size()),
      [&](int lane, std::int64_t first, std::int64_t count) {
        Network::Scratch& own = *scratch[static_cast<std::size_t>(lane)];
        float* input = own.input.reserve(input_shape.elements());
        // The last batch may be short: what its tail held before is computed and ignored.
        for (std::int64_t item = 0; item < count; ++item) {
          ops::stack_context(volume, first + item, input_, network_.traits().layout,
                             input + item * input_item);
        }
        network_.run(own, input_shape, output_shape);
        for (std::int64_t item = 0; item < count; ++item) {
          ops::threshold_slice(own.output.data() + item * output_item, output_width, threshold_,
                               first + item, mask);
        }
      },
      [&](std::int64_t done) { control.step("segment", done, shape.slices); });
  return mask;
}

}  // namespace lungrt
