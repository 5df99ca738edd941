/// CT volume to nodule mask.
#pragma once

#include "core/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"
#include "stages/network.h"
#include "stages/run_control.h"

namespace lungrt {

class Segmenter {
 public:
  Segmenter(const StageManifest& stage, Network network, double threshold);

  /// Voxels whose probability exceeds the threshold.
  NoduleMask run(const CtVolume& volume, const RunControl& control) const;

 private:
  InputContract input_;
  Network network_;
  float threshold_;
};

}  // namespace lungrt
