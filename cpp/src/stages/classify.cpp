#include "stages/classify.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/text.h"
#include "lungrt/error.h"
#include "ops/crop.h"
#include "stages/batches.h"

namespace lungrt {

Classifier::Classifier(const StageManifest& stage, Network network, ops::SmallVolume small_volume)
    : input_(stage.input),
      classes_(stage.classes.size()),
      network_(std::move(network)),
      small_volume_(small_volume) {}

std::vector<float> Classifier::run(PlacedScan& scan, const std::vector<VoxelIndex>& places,
                                   const char* stage_name, const RunControl& control) const {
  // Crops that would leave the volume are shifted inside, so candidates near the border may share
  // a crop.
  std::vector<VoxelIndex> origins;
  std::vector<std::size_t> crop_of;
  std::map<std::array<std::int64_t, 3>, std::size_t> known;
  for (const VoxelIndex& place : places) {
    const VoxelIndex origin =
        ops::crop_origin(scan.volume().shape(), place, input_.crop, small_volume_);
    const auto [found, is_new] =
        known.try_emplace({origin.slice, origin.row, origin.column}, origins.size());
    if (is_new) origins.push_back(origin);
    crop_of.push_back(found->second);
  }

  const std::vector<float> of_crops = classify_crops(scan, origins, stage_name, control);
  std::vector<float> probabilities;
  probabilities.reserve(places.size() * classes_);
  for (const std::size_t crop : crop_of) {
    const auto first = of_crops.begin() + static_cast<std::ptrdiff_t>(crop * classes_);
    probabilities.insert(probabilities.end(), first, first + static_cast<std::ptrdiff_t>(classes_));
  }
  return probabilities;
}

std::vector<float> Classifier::classify_crops(PlacedScan& scan,
                                              const std::vector<VoxelIndex>& origins,
                                              const char* stage_name,
                                              const RunControl& control) const {
  const auto total = static_cast<std::int64_t>(origins.size());
  const auto classes = static_cast<std::int64_t>(classes_);
  const std::int64_t batch = network_.traits().batch;
  const auto& crop = input_.crop;
  const auto input_shape = [&crop](std::int64_t items) {
    return TensorShape{items, 1, crop[0], crop[1], crop[2]};
  };

  const RunControl::Memory memory =
      control.limits_memory()
          ? control.hold(
                stage_name,
                "the working memory of " +
                    text::counted(network_.traits().run_streams, "run stream"),
                network_.working_bytes(scan.tensors(), input_shape(batch), {batch, classes}))
          : RunControl::Memory();
  std::vector<float> probabilities(static_cast<std::size_t>(total * classes));
  const std::vector<Network::Lease> scratch = network_.leases(scan.tensors());
  control.step(stage_name, 0, total);
  if (total == 0) return probabilities;
  for_each_batch(
      total, batch, static_cast<int>(scratch.size()),
      [&](int stream, std::int64_t first, std::int64_t count) {
        Network::Scratch& own = *scratch[static_cast<std::size_t>(stream)];
        const std::int64_t items = items_to_run(count, network_.traits(), kFewestCrops);
        const TensorShape crops = input_shape(items);
        float* input = own.input.reserve(crops.elements());
        scan.gather_crops(origins.data() + first, count, input_, input);
        network_.run(own, crops, {items, classes});
        const float* output = scan.tensors().on_host(own.output.data(), count * classes);
        for (std::int64_t i = 0; i < count * classes; ++i) {
          if (!(output[i] >= 0.0F && output[i] <= 1.0F)) {  // also true for NaN
            throw Error(ErrorCode::kInference,
                        std::string("stage ") + stage_name + ": the network returned " +
                            std::to_string(output[i]) + " for the crop that begins at voxel " +
                            text::place(origins[static_cast<std::size_t>(first + i / classes)]) +
                            ", expected a probability between 0 and 1");
          }
        }
        std::copy(output, output + count * classes, probabilities.data() + first * classes);
      },
      [&](std::int64_t done) { control.step(stage_name, done, total); });
  return probabilities;
}

std::int64_t Classifier::tensor_bytes() const {
  return network_.tensor_bytes(input_.crop[0] * input_.crop[1] * input_.crop[2],
                               static_cast<std::int64_t>(classes_));
}

CandidateClassifier::CandidateClassifier(Classifier nodule, std::optional<Classifier> malignancy,
                                         double nodule_threshold)
    : nodule_(std::move(nodule)),
      malignancy_(std::move(malignancy)),
      nodule_threshold_(nodule_threshold) {}

bool CandidateClassifier::device_tensors() const {
  return nodule_.traits().device_tensors && (!malignancy_ || malignancy_->traits().device_tensors);
}

std::int64_t CandidateClassifier::tensor_bytes() const {
  return nodule_.tensor_bytes() + (malignancy_ ? malignancy_->tensor_bytes() : 0);
}

std::vector<Finding> CandidateClassifier::run(const CtVolume& volume,
                                              const std::vector<Candidate>& candidates,
                                              const RunControl& control) const {
  return run(*scan_on_host(volume), candidates, control);
}

std::vector<Finding> CandidateClassifier::run(PlacedScan& scan,
                                              const std::vector<Candidate>& candidates,
                                              const RunControl& control) const {
  std::vector<VoxelIndex> places;
  places.reserve(candidates.size());
  for (const Candidate& candidate : candidates) places.push_back(candidate.index);

  const std::vector<float> nodule = nodule_.run(scan, places, "classify", control);
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
    // Malignancy is defined for nodules only, so no other candidates are classified.
    std::vector<std::size_t> nodules;
    std::vector<VoxelIndex> nodule_places;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      if (findings[i].p_nodule > nodule_threshold_) {
        nodules.push_back(i);
        nodule_places.push_back(findings[i].index);
      }
    }
    const std::vector<float> malignant =
        malignancy_->run(scan, nodule_places, "malignancy", control);
    for (std::size_t k = 0; k < nodules.size(); ++k) {
      findings[nodules[k]].p_malignant = malignant[k * malignancy_->classes() + 1];
    }
  }
  return findings;
}

}  // namespace lungrt
