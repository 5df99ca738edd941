#include "ops/context.h"
#include "ops/crop.h"
#include "ops/threshold.h"
#include "stages/find_lungs.h"
#include "stages/group.h"
#include "stages/scan.h"

namespace lungrt {
namespace {

class HostScan final : public PlacedScan {
 public:
  explicit HostScan(const CtVolume& volume) : PlacedScan(volume), mask_(volume.shape()) {}

  TensorPlace& tensors() override { return host_tensors(); }

  ops::Cells<std::int32_t> block_sums(const ops::BlockSize& block, int threads,
                                      const RunControl& control) override {
    return lungrt::block_sums(volume(), block, threads, control);
  }

  void stack_context(std::span<const SlicePart> parts, const InputContract& input, Layout layout,
                     float* output) override {
    for (const SlicePart& part : parts) {
      const ops::PaddedSize padded = ops::padded_size(part.seen.rows, part.seen.columns, input);
      ops::stack_context(volume(), part.slice, part.seen, input, layout, output);
      output += (2 * input.context_slices + 1) * padded.height * padded.width;
    }
  }

  void threshold(const float* probability, const TensorShape& shape, float threshold,
                 std::span<const SlicePart> parts) override {
    for (const SlicePart& part : parts) {
      ops::threshold_window(probability + offset_of_known(part, shape[3]), shape[3], threshold,
                            part.slice, part.known, mask_);
      probability += shape[2] * shape[3];
    }
  }

  void gather_crops(const VoxelIndex* origins, std::int64_t count, const InputContract& input,
                    float* output) override {
    const std::int64_t item = input.crop[0] * input.crop[1] * input.crop[2];
    for (std::int64_t i = 0; i < count; ++i) {
      ops::gather_crop(volume(), origins[i], input, output + i * item);
    }
  }

  void finish_mask() override {}
  NoduleMask mask() override { return mask_; }
  ops::Components eroded_components() override { return ops::eroded_components(mask_, volume()); }
  std::int64_t grouping_bytes() override { return lungrt::grouping_bytes(mask_); }

 private:
  NoduleMask mask_;
};

}  // namespace

std::unique_ptr<PlacedScan> scan_on_host(const CtVolume& volume) {
  return std::make_unique<HostScan>(volume);
}

}  // namespace lungrt
