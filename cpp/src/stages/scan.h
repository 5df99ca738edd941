/// The seam between host and device: everything outside of the networks that reads the volume or
/// its mask.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/bundle/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"
#include "ops/components.h"
#include "ops/lung_field/coarse_grid.h"
#include "stages/run_control.h"
#include "stages/tensor_place.h"
#include "stages/windows.h"

namespace lungrt {

/// CT volume and nodule mask in the memory where the networks run, with the pre- and
/// post-processing that works on them there. HostScan and DeviceScan implement it.
class PlacedScan {
 public:
  /// \param volume  must outlive the scan
  explicit PlacedScan(const CtVolume& volume) : volume_(volume) {}
  virtual ~PlacedScan() = default;
  PlacedScan(const PlacedScan&) = delete;
  PlacedScan& operator=(const PlacedScan&) = delete;

  const CtVolume& volume() const { return volume_; }
  virtual TensorPlace& tensors() = 0;

  /// Sums over blocks of voxels, in image order (see ops::add_block_sums); reports progress of
  /// stage "find lungs".
  /// \param threads  number of threads that read a volume in host memory
  virtual ops::Cells<std::int32_t> block_sums(const ops::BlockSize& block, int threads,
                                              const RunControl& control) = 0;

  // On the host, several run streams may call the next two at once, for different slices.

  /// Writes the segmentation network's input for the `seen` windows of some slices, one after the
  /// other (see ops::stack_context). All windows have the same size.
  virtual void stack_context(std::span<const SlicePart> parts, const InputContract& input,
                             Layout layout, float* output) = 0;
  /// Sets the mask in the `known` windows of these slices where probability > threshold. Pixels
  /// that never lie in a known window stay zero.
  /// \param shape  of the probabilities: batch, 1, height, width, at least as large as the `seen`
  ///               windows
  virtual void threshold(const float* probability, const TensorShape& shape, float threshold,
                         std::span<const SlicePart> parts) = 0;
  /// Writes the crops that begin at these voxels, one after the other (see ops::gather_crop).
  virtual void gather_crops(const VoxelIndex* origins, std::int64_t count,
                            const InputContract& input, float* output) = 0;

  /// To be called after the last threshold().
  /// \throws Error kInference for a probability that was NaN
  virtual void finish_mask() = 0;
  /// A copy of the current mask.
  virtual NoduleMask mask() = 0;
  /// Connected components of the mask after one erosion (see ops::eroded_components).
  virtual ops::Components eroded_components() = 0;
  /// Upper bound of the host memory that eroded_components() needs, in bytes.
  virtual std::int64_t grouping_bytes() = 0;

 private:
  const CtVolume& volume_;
};

/// Places a volume in host memory, without copying it.
std::unique_ptr<PlacedScan> scan_on_host(const CtVolume& volume);

}  // namespace lungrt
