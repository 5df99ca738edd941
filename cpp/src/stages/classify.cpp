#include "stages/classify.h"

#include <algorithm>
#include <utility>

#include "lungrt/error.h"
#include "ops/crop.h"

namespace lungrt {

Classifier::Classifier(const StageManifest& stage, Network network)
    : input_(stage.input), classes_(stage.classes.size()), network_(std::move(network)) {}

std::vector<float> Classifier::run(const CtVolume& volume, const std::vector<VoxelIndex>& places,
                                   const char* stage_name, const RunControl& control) const {
  const auto total = static_cast<std::int64_t>(places.size());
  const auto classes = static_cast<std::int64_t>(classes_);
  const std::int64_t batch = network_.traits().batch;
  const auto& crop = input_.crop;
  const TensorShape input_shape{batch, 1, crop[0], crop[1], crop[2]};
  const TensorShape output_shape{batch, classes};
  const std::int64_t input_item = input_shape.elements() / batch;

  std::vector<float> probabilities;
  probabilities.reserve(static_cast<std::size_t>(total * classes));
  const Network::Lease scratch = network_.lease();
  float* input = scratch->input.reserve(input_shape.elements());
  control.step(stage_name, 0, total);
  for (std::int64_t first = 0; first < total; first += batch) {
    const std::int64_t count = std::min(batch, total - first);
    for (std::int64_t item = 0; item < count; ++item) {
      const VoxelIndex origin =
          ops::crop_origin(volume.shape(), places[static_cast<std::size_t>(first + item)], crop);
      ops::gather_crop(volume, origin, input_, input + item * input_item);
    }
    network_.run(*scratch, input_shape, output_shape);
    const float* output = scratch->output.data();
    for (std::int64_t i = 0; i < count * classes; ++i) {
      if (!(output[i] >= 0.0F && output[i] <= 1.0F)) {  // also a NaN
        throw Error(ErrorCode::kInference,
                    std::string("stage ") + stage_name + ": the network gave " +
                        std::to_string(output[i]) + " for candidate " +
                        std::to_string(first + i / classes) + ", expected a probability");
      }
    }
    probabilities.insert(probabilities.end(), output, output + count * classes);
    control.step(stage_name, first + count, total);
  }
  return probabilities;
}

CandidateClassifier::CandidateClassifier(Classifier nodule, std::optional<Classifier> malignancy,
                                         double nodule_threshold)
    : nodule_(std::move(nodule)),
      malignancy_(std::move(malignancy)),
      nodule_threshold_(nodule_threshold) {}

std::vector<Finding> CandidateClassifier::run(const CtVolume& volume,
                                              const std::vector<Candidate>& candidates,
                                              const RunControl& control) const {
  std::vector<VoxelIndex> places;
  places.reserve(candidates.size());
  for (const Candidate& candidate : candidates) places.push_back(candidate.index);

  const std::vector<float> nodule = nodule_.run(volume, places, "classify", control);
  std::vector<Finding> findings;
  findings.reserve(candidates.size());
  const std::size_t classes = nodule_.classes();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    Finding finding;
    static_cast<Candidate&>(finding) = candidates[i];
    const float* p = nodule.data() + i * classes;
    if (classes == 2) {
      finding.p_nodule = p[1];
    } else {  // non-nodule, benign, malignant
      finding.p_nodule = 1.0 - p[0];
      if (finding.p_nodule > nodule_threshold_) {
        finding.p_malignant = std::min(1.0, p[2] / finding.p_nodule);
      }
    }
    findings.push_back(finding);
  }

  if (malignancy_) {
    // Its opinion counts for nodules only, so only they are asked about.
    std::vector<std::size_t> nodules;
    std::vector<VoxelIndex> nodule_places;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      if (findings[i].p_nodule > nodule_threshold_) {
        nodules.push_back(i);
        nodule_places.push_back(findings[i].index);
      }
    }
    const std::vector<float> malignant =
        malignancy_->run(volume, nodule_places, "malignancy", control);
    for (std::size_t k = 0; k < nodules.size(); ++k) {
      findings[nodules[k]].p_malignant = malignant[k * malignancy_->classes() + 1];
    }
  }
  return findings;
}

}  // namespace lungrt
