/// Segmentation: nodule mask of a CT volume.
#pragma once

#include <vector>

#include "core/bundle/bundle.h"
#include "lungrt/mask.h"
#include "lungrt/volume.h"
#include "stages/network.h"
#include "stages/run_control.h"
#include "stages/scan.h"
#include "stages/windows.h"

namespace lungrt {

class Segmenter {
 public:
  Segmenter(const StageManifest& stage, Network network, double threshold);

  /// Sets the scan's mask: voxels whose probability exceeds the threshold.
  void run(PlacedScan& scan, const RunControl& control) const;
  /// The same for a volume in host memory.
  NoduleMask run(const CtVolume& volume, const RunControl& control) const;

  /// Sets the scan's mask in the `known` windows of these parts.
  void run(PlacedScan& scan, const std::vector<SlicePart>& parts, const RunControl& control) const;

  /// Planner of the windows that this network may be run on.
  WindowPlanner planner(const VolumeShape& shape) const;

  const SessionTraits& traits() const { return network_.traits(); }
  /// Bytes of the network's input and output batches for whole slices of a volume of this shape.
  std::int64_t tensor_bytes(const VolumeShape& shape) const;

 private:
  struct Shapes {
    TensorShape input, output;
  };
  /// Counts the working memory of all run streams for the largest of the parts.
  RunControl::Memory hold_working_memory(PlacedScan& scan, const std::vector<SlicePart>& parts,
                                         const RunControl& control) const;
  /// Shapes of the network's input and output for so many windows of this size.
  Shapes shapes(std::int64_t items, std::int64_t rows, std::int64_t columns) const;

  InputContract input_;
  Network network_;
  float threshold_;
  std::optional<std::int64_t> receptive_radius_;
};

}  // namespace lungrt
