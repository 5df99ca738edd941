/// Grouping: candidates of a nodule mask, and the masks that a report keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lungrt/mask.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"
#include "ops/axis_order.h"
#include "ops/lung_field/lung_field.h"
#include "stages/ordered_volume.h"
#include "stages/run_control.h"
#include "stages/scan.h"

namespace lungrt {

struct GroupResult {
  /// Sorted by world centre (x, y, z) before rounding.
  std::vector<Candidate> candidates;
  /// Of each candidate, the number of its component in scan order.
  std::vector<std::int32_t> components;
  /// Set voxels of the eroded mask.
  std::int64_t mask_voxels = 0;
};

/// \throws Error kInvalidArgument where mask and volume differ in shape
void require_same_shape(const CtVolume& volume, const NoduleMask& mask);

/// Erodes the mask once and makes a candidate of every connected component.
/// \throws Error kInvalidArgument where mask and volume differ in shape
/// \throws Error kBadVolume where the book's inverse transform maps a centre outside of the volume
///         (oblique scans)
GroupResult group_candidates(const CtVolume& volume, const NoduleMask& mask,
                             InverseTransform inverse);
/// The same for the mask of a placed scan.
GroupResult group_candidates(PlacedScan& scan, InverseTransform inverse);
/// Upper bound of the temporary memory of group_candidates(), in bytes.
std::int64_t grouping_bytes(const NoduleMask& mask);

/// Removes the candidates whose centre does not lie in the field; the order stays.
void keep_in_field(const ops::CellField& field, GroupResult& groups);

/// Label volume in which the component of candidate k - 1 has label k and everything else is 0, in
/// the stored order.
/// \param mask   the mask that `groups` was computed from
/// \param order  order of the mask
LabelVolume label_candidates(const NoduleMask& mask, const GroupResult& groups,
                             const ops::AxisOrder& order);
/// Mask of all voxels that have a label.
NoduleMask mask_of(const LabelVolume& labels);

/// Masks that a report keeps, in the stored order: lung field, nodule mask, labels and the labelled
/// voxels.
/// \param field    empty where the region is the whole volume
/// \param ordered  the volume that was scanned
/// \throws Error kCancelled, kResourceLimit
std::shared_ptr<const RunMasks> keep_masks(PlacedScan& scan, const GroupResult& groups,
                                           const std::optional<ops::CellField>& field,
                                           const OrderedVolume& ordered, const RunControl& control);

}  // namespace lungrt
