/// Candidates to probabilities.
#pragma once

#include <optional>
#include <vector>

#include "core/bundle.h"
#include "lungrt/report.h"
#include "lungrt/volume.h"
#include "ops/crop.h"
#include "stages/network.h"
#include "stages/run_control.h"

namespace lungrt {

/// One classifier over crops.
class Classifier {
 public:
  Classifier(const StageManifest& stage, Network network,
             ops::SmallVolume small_volume = ops::SmallVolume::kRefuse);

  std::size_t classes() const { return classes_; }

  /// Probabilities of each class, one row a place. Places that share a crop are classified once.
  /// \param stage_name  for progress
  /// \throws Error kBadVolume where the volume is smaller than the crop and that is refused,
  ///         kInvalidArgument for a place outside of it, kInference for a probability that is not
  ///         one
  std::vector<float> run(const CtVolume& volume, const std::vector<VoxelIndex>& places,
                         const char* stage_name, const RunControl& control) const;

 private:
  std::vector<float> classify_crops(const CtVolume& volume, const std::vector<VoxelIndex>& origins,
                                    const char* stage_name, const RunControl& control) const;

  InputContract input_;
  std::size_t classes_;
  Network network_;
  ops::SmallVolume small_volume_;
};

/// The nodule classifier and, for what it calls a nodule, the malignancy classifier.
class CandidateClassifier {
 public:
  /// \param malignancy  empty where the bundle has none, or where the nodule stage has three
  /// classes
  CandidateClassifier(Classifier nodule, std::optional<Classifier> malignancy,
                      double nodule_threshold);

  /// In the order given.
  std::vector<Finding> run(const CtVolume& volume, const std::vector<Candidate>& candidates,
                           const RunControl& control) const;

 private:
  Classifier nodule_;
  std::optional<Classifier> malignancy_;
  double nodule_threshold_;
};

}  // namespace lungrt
