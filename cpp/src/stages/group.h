/// Nodule mask to candidates.
#pragma once

#include <vector>

#include "lungrt/mask.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"
#include "stages/scan.h"

namespace lungrt {

struct GroupResult {
  std::vector<Candidate> candidates;  ///< by un-rounded world centre (x, y, z)
  std::int64_t mask_voxels = 0;       ///< after erosion
};

/// Erodes the mask, finds its components and their centres.
/// \throws Error kInvalidArgument where mask and volume differ in shape
/// \throws Error kBadVolume where the book's inverse transform leaves the volume (oblique scans)
GroupResult group_candidates(const CtVolume& volume, const NoduleMask& mask,
                             InverseTransform inverse);
/// The same of the mask that a scan has.
GroupResult group_candidates(Scan& scan, InverseTransform inverse);

}  // namespace lungrt
