/// Nodule mask to candidates.
#pragma once

#include <cstdint>
#include <vector>

#include "lungrt/mask.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"
#include "ops/lung_field/lung_field.h"
#include "stages/scan.h"

namespace lungrt {

struct GroupResult {
  std::vector<Candidate> candidates;     ///< by un-rounded world centre (x, y, z)
  std::vector<std::int32_t> components;  ///< of each candidate, its number in scan order
  std::int64_t mask_voxels = 0;          ///< after erosion
};

/// Erodes the mask, finds its components and their centres.
/// \throws Error kInvalidArgument where mask and volume differ in shape
/// \throws Error kBadVolume where the book's inverse transform leaves the volume (oblique scans)
GroupResult group_candidates(const CtVolume& volume, const NoduleMask& mask,
                             InverseTransform inverse);
/// The same of the mask that a scan has.
GroupResult group_candidates(PlacedScan& scan, InverseTransform inverse);
/// Memory that it takes at most in between.
std::int64_t grouping_bytes(const NoduleMask& mask);

/// Leaves only candidates whose centre lies in the field, in their order.
void keep_in_field(const ops::CellField& field, GroupResult& groups);

/// The components of the candidates alone, candidate k - 1 with label k.
/// \param mask  that the candidates were grouped from
LabelVolume label_candidates(const NoduleMask& mask, const GroupResult& groups);
/// The voxels that have a label.
NoduleMask mask_of(const LabelVolume& labels);

}  // namespace lungrt
