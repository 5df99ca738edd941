/// CT volume to nodule mask.
#pragma once

#include "core/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"
#include "stages/network.h"
#include "stages/run_control.h"
#include "stages/scan.h"

namespace lungrt {

class Segmenter {
 public:
  Segmenter(const StageManifest& stage, Network network, double threshold);

  /// Sets the scan's mask: voxels whose probability exceeds the threshold.
  void run(Scan& scan, const RunControl& control) const;
  /// The same in host memory.
  NoduleMask run(const CtVolume& volume, const RunControl& control) const;

  const SessionTraits& traits() const { return network_.traits(); }
  /// Bytes of the network's input and output for slices of such a volume.
  std::int64_t tensor_bytes(const VolumeShape& shape) const;

 private:
  struct Shapes {
    TensorShape input, output;
  };
  Shapes shapes(const VolumeShape& volume) const;

  InputContract input_;
  Network network_;
  float threshold_;
};

}  // namespace lungrt
