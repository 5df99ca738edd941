/// Classification: probabilities of candidates.
#pragma once

#include <optional>
#include <vector>

#include "core/bundle/bundle.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"
#include "ops/crop.h"
#include "stages/network.h"
#include "stages/run_control.h"
#include "stages/scan.h"

namespace lungrt {

/// Classifier of crops around voxels: one stage of the bundle.
class Classifier {
 public:
  Classifier(const StageManifest& stage, Network network,
             ops::SmallVolume small_volume = ops::SmallVolume::kRefuse);

  std::size_t classes() const { return classes_; }

  /// Classifies the crops around some voxels. Voxels that share a crop are classified once.
  /// \param stage_name  for progress and messages
  /// \return the probability of each class, one row per voxel, in the order of `places`
  /// \throws Error kBadVolume where the volume is smaller than the crop and that is refused,
  ///         kInvalidArgument for a voxel outside of it, kInference where the network returns a
  ///         value that is not a probability
  std::vector<float> run(PlacedScan& scan, const std::vector<VoxelIndex>& places,
                         const char* stage_name, const RunControl& control) const;

  const SessionTraits& traits() const { return network_.traits(); }
  /// Bytes of the network's input and output batches.
  std::int64_t tensor_bytes() const;

 private:
  std::vector<float> classify_crops(PlacedScan& scan, const std::vector<VoxelIndex>& origins,
                                    const char* stage_name, const RunControl& control) const;

  InputContract input_;
  std::size_t classes_;
  Network network_;
  ops::SmallVolume small_volume_;
};

/// The nodule classifier, followed by the malignancy classifier for candidates above the nodule
/// threshold.
class CandidateClassifier {
 public:
  /// \param malignancy  empty where the bundle has no such stage, or where the nodule stage has
  ///                    three classes
  CandidateClassifier(Classifier nodule, std::optional<Classifier> malignancy,
                      double nodule_threshold);

  /// Classifies candidates.
  /// \return one finding per candidate, in the same order
  std::vector<Finding> run(PlacedScan& scan, const std::vector<Candidate>& candidates,
                           const RunControl& control) const;
  /// The same for a volume in host memory.
  std::vector<Finding> run(const CtVolume& volume, const std::vector<Candidate>& candidates,
                           const RunControl& control) const;

  /// Whether all networks accept tensors in device memory.
  bool device_tensors() const;
  /// Bytes of the networks' input and output batches.
  std::int64_t tensor_bytes() const;

 private:
  Classifier nodule_;
  std::optional<Classifier> malignancy_;
  double nodule_threshold_;
};

}  // namespace lungrt
