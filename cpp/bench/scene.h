/// What the benchmarks work on: a volume and a mask of the size and liveliness of a real chest CT.
#pragma once

#include <cstdint>
#include <vector>

#include "core/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"

namespace lungrt::bench {

/// As many slices, candidates and mask voxels as LIDC-IDRI-0001 has with the book's networks.
inline constexpr VolumeShape kShape{133, 512, 512};
inline constexpr int kCandidates = 674;

struct Scene {
  CtVolume volume;
  NoduleMask mask;
  std::vector<VoxelIndex> places;  ///< centres of the mask's blobs
  /// Of every slice, on the mask's side of 0.5.
  std::vector<float> probability;
};

/// Made once, the same every time.
const Scene& scene();

/// What the book's networks want: 7 slices in context, crops of 32 x 48 x 48.
InputContract book_slices();
InputContract book_crops();

}  // namespace lungrt::bench
