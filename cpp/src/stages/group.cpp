#include "stages/group.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/text.h"
#include "lungrt/error.h"
#include "ops/components.h"

namespace lungrt {
namespace {

double sphere_diameter(double volume_mm3) { return std::cbrt(6.0 * volume_mm3 / std::numbers::pi); }

struct Placed {
  Vec3 world_mm;  ///< of the un-rounded centre
  const ops::Component* component;
};

GroupResult candidates_of(const CtVolume& volume, const ops::Components& found,
                          InverseTransform inverse) {
  const Geometry& geometry = volume.geometry();

  std::vector<Placed> placed;
  placed.reserve(found.components.size());
  for (const ops::Component& component : found.components) {
    placed.push_back({geometry.to_world(component.center), &component});
  }
  // The order of the list is part of parity: ascending by (x, y, z), ties in scan order.
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.world_mm < b.world_mm; });

  GroupResult result;
  result.mask_voxels = found.voxels;
  result.candidates.reserve(placed.size());
  for (const Placed& place : placed) {
    Candidate candidate;
    candidate.index = geometry.to_index(place.world_mm, inverse);
    if (!volume.shape().contains(candidate.index)) {
      throw Error(ErrorCode::kBadVolume,
                  "candidate at (slice, row, column) = " + text::vector3(place.component->center) +
                      ", world " + text::vector3(place.world_mm) + " mm, comes back as voxel " +
                      text::place(candidate.index) +
                      " outside of the volume: on an oblique scan the book's inverse transform is "
                      "wrong; use geometry 'exact', the true inverse that profile 'lung' has");
    }
    candidate.center_mm = geometry.to_world(candidate.index);
    candidate.volume_mm3 =
        static_cast<double>(place.component->dilated_voxels) * geometry.voxel_volume_mm3();
    candidate.diameter_mm = sphere_diameter(candidate.volume_mm3);
    result.candidates.push_back(candidate);
  }
  return result;
}

}  // namespace

GroupResult group_candidates(const CtVolume& volume, const NoduleMask& mask,
                             InverseTransform inverse) {
  if (!(mask.shape() == volume.shape())) {
    throw Error(ErrorCode::kInvalidArgument, "mask and volume differ in shape");
  }
  return candidates_of(volume, ops::eroded_components(mask, volume), inverse);
}

GroupResult group_candidates(Scan& scan, InverseTransform inverse) {
  return candidates_of(scan.volume(), scan.eroded_components(), inverse);
}

}  // namespace lungrt
