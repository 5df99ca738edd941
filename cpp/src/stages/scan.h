/// A CT volume where its networks run, and what is done to it between them: the one seam between
/// operations in host memory and on a device.
#pragma once

#include <cstdint>
#include <memory>

#include "core/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"
#include "ops/components.h"
#include "stages/tensor_place.h"

namespace lungrt {

class Scan {
 public:
  /// \param volume  outlives the scan
  explicit Scan(const CtVolume& volume) : volume_(volume) {}
  virtual ~Scan() = default;
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  const CtVolume& volume() const { return volume_; }
  virtual TensorPlace& tensors() = 0;

  // The next two may be called for different slices by several lanes of the host at once.

  /// The network's input for some slices, one after the other (see ops::stack_context).
  virtual void stack_context(std::int64_t first_slice, std::int64_t count,
                             const InputContract& input, Layout layout, float* output) = 0;
  /// Sets these slices of the mask where probability > threshold (see ops::threshold_slice).
  /// \param shape  of the probabilities: batch, 1, height, width, at least as large as the slices
  virtual void threshold(const float* probability, const TensorShape& shape, float threshold,
                         std::int64_t first_slice, std::int64_t count) = 0;
  /// Crops that begin at these voxels, one after the other (see ops::gather_crop).
  virtual void gather_crops(const VoxelIndex* origins, std::int64_t count,
                            const InputContract& input, float* output) = 0;

  /// To be called after the last threshold().
  /// \throws Error kInference for a probability that was NaN
  virtual void finish_mask() = 0;
  /// The mask, which the scan need not keep.
  virtual NoduleMask mask() = 0;
  /// Of the mask eroded once (see ops::eroded_components).
  virtual ops::Components eroded_components() = 0;

 private:
  const CtVolume& volume_;
};

/// In host memory.
std::unique_ptr<Scan> scan_on_host(const CtVolume& volume);

}  // namespace lungrt
