#include "ops/context.h"
#include "ops/crop.h"
#include "ops/threshold.h"
#include "stages/scan.h"

namespace lungrt {
namespace {

class HostScan final : public Scan {
 public:
  explicit HostScan(const CtVolume& volume) : Scan(volume), mask_(volume.shape()) {}

  TensorPlace& tensors() override { return host_tensors(); }

  void stack_context(std::int64_t first_slice, std::int64_t count, const InputContract& input,
                     Layout layout, float* output) override {
    const ops::PaddedSize padded = ops::padded_size(volume().shape(), input);
    const std::int64_t item = (2 * input.context_slices + 1) * padded.height * padded.width;
    for (std::int64_t i = 0; i < count; ++i) {
      ops::stack_context(volume(), first_slice + i, input, layout, output + i * item);
    }
  }

  void threshold(const float* probability, const TensorShape& shape, float threshold,
                 std::int64_t first_slice, std::int64_t count) override {
    for (std::int64_t i = 0; i < count; ++i) {
      ops::threshold_slice(probability + i * shape[2] * shape[3], shape[3], threshold,
                           first_slice + i, mask_);
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
  NoduleMask mask() override { return std::move(mask_); }
  ops::Components eroded_components() override { return ops::eroded_components(mask_, volume()); }

 private:
  NoduleMask mask_;
};

}  // namespace

std::unique_ptr<Scan> scan_on_host(const CtVolume& volume) {
  return std::make_unique<HostScan>(volume);
}

}  // namespace lungrt
