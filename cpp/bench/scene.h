/// Input of the benchmarks: a volume, and a mask with as much content as that of a real chest CT.
#pragma once

#include <cstdint>
#include <vector>

#include "core/bundle/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"

namespace lungrt::bench {

/// Numbers of slices, candidates and mask voxels are like those of LIDC-IDRI-0001 with the book's
/// networks.
inline constexpr VolumeShape kShape{133, 512, 512};
inline constexpr int kCandidates = 674;

struct Scene {
  CtVolume volume;
  NoduleMask mask;
  std::vector<VoxelIndex> places;  ///< centres of the mask's balls
  /// Probabilities of all slices, above 0.5 where the mask is set.
  std::vector<float> probability;
};

/// Generated at the first call, always with the same content.
const Scene& scene();

/// Inputs of the book's networks: 7 slices in context, and crops of 32 x 48 x 48.
InputContract book_slices();
InputContract book_crops();

}  // namespace lungrt::bench
