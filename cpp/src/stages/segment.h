/// CT volume to nodule mask.
#pragma once

#include <vector>

#include "core/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"
#include "stages/network.h"
#include "stages/run_control.h"
#include "stages/windows.h"

namespace lungrt {

class Segmenter {
 public:
  Segmenter(const StageManifest& stage, Network network, double threshold);

  /// Voxels whose probability exceeds the threshold.
  NoduleMask run(const CtVolume& volume, const RunControl& control) const;

  /// Writes the mask of some slices where it is known and clears the rest of them.
  void run(const CtVolume& volume, const std::vector<SlicePart>& parts, const RunControl& control,
           NoduleMask& mask) const;

  /// How to choose parts of this volume's slices.
  WindowPlanner planner(const VolumeShape& shape) const;

 private:
  InputContract input_;
  Network network_;
  float threshold_;
  std::optional<std::int64_t> reach_;
};

}  // namespace lungrt
