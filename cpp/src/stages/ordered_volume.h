/// A volume in the order in which the networks see it, and the way back to the stored order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lungrt/report.h"
#include "lungrt/volume.h"
#include "ops/axis_order.h"
#include "stages/run_control.h"

namespace lungrt {

/// The order of a volume's axes that an option stands for.
ops::AxisOrder axis_order(const CtVolume& volume, VoxelOrder order);

/// The voxel of a stored index.
/// \throws Error kInvalidArgument for an index outside of the volume
VoxelIndex ordered_voxel(const ops::AxisOrder& order, const VoxelIndex& stored);

/// Some slices of a volume in another order, from `first` to `last` - 1.
CtVolume slices_in_order(const CtVolume& volume, const ops::AxisOrder& order, std::int64_t first,
                         std::int64_t last);

/// A stored volume in the order of the networks. Voxels are copied only if that order is another
/// one; the stored volume is never changed.
class OrderedVolume {
 public:
  /// \param threads  number of threads that copy
  /// \throws Error kCancelled, kResourceLimit
  OrderedVolume(const CtVolume& stored, VoxelOrder order, int threads, const RunControl& control);

  const CtVolume& stored() const { return stored_; }
  /// The volume as the networks see it.
  const CtVolume& volume() const { return volume_; }
  const ops::AxisOrder& order() const { return order_; }
  /// Whether voxels had to be copied.
  bool is_copy() const { return !order_.is_stored(); }

  /// Puts a candidate, finding or nodule back into the stored order. Its world position is that of
  /// its stored voxel.
  void put_back(Candidate& found) const;
  /// The same for all of a list.
  template <typename T>
  void put_back(std::vector<T>& found) const {
    if (!is_copy()) return;
    for (T& one : found) put_back(static_cast<Candidate&>(one));
  }
  NoduleMask put_back(NoduleMask mask) const;

 private:
  CtVolume stored_;
  ops::AxisOrder order_;
  RunControl::Memory memory_;
  CtVolume volume_;
};

/// What a report says about the order of its voxels: that a stack was not axial, or that voxels
/// were used in another order than the patient's.
std::optional<std::string> order_note(const CtVolume& stored, VoxelOrder order);

}  // namespace lungrt
