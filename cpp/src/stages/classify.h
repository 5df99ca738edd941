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
#include "stages/scan.h"

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
  std::vector<float> run(PlacedScan& scan, const std::vector<VoxelIndex>& places,
                         const char* stage_name, const RunControl& control) const;

  const SessionTraits& traits() const { return network_.traits(); }
  /// Bytes of the network's input and output.
  std::int64_t tensor_bytes() const;

 private:
  std::vector<float> classify_crops(PlacedScan& scan, const std::vector<VoxelIndex>& origins,
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
  std::vector<Finding> run(PlacedScan& scan, const std::vector<Candidate>& candidates,
                           const RunControl& control) const;
  /// The same in host memory.
  std::vector<Finding> run(const CtVolume& volume, const std::vector<Candidate>& candidates,
                           const RunControl& control) const;

  /// Whether all of it takes device memory.
  bool device_tensors() const;
  /// Bytes of the networks' inputs and outputs.
  std::int64_t tensor_bytes() const;

 private:
  Classifier nodule_;
  std::optional<Classifier> malignancy_;
  double nodule_threshold_;
};

}  // namespace lungrt
