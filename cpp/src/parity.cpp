#include "parity.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lungrt {
namespace {

// Relative errors of smaller eager probabilities are relative to this: a difference of a millionth
// matters little for a probability close to zero.
constexpr double kSmallestReference = 1e-3;

constexpr double kMalignant = 0.5;  // threshold of p_malignant in a network of three classes

/// Decision for a pixel or crop.
struct Decision {
  int choice = 0;
  double margin = 0.0;  ///< distance of its probability from the nearest threshold
};

/// Decides on a pixel or crop.
/// \param p       its probabilities
/// \param stride  distance between the probabilities of two classes
Decision decide(const double* p, std::int64_t stride, const StageManifest& stage) {
  const auto classes = static_cast<std::int64_t>(stage.classes.size());
  if (classes < 3) {
    const double score = p[(classes - 1) * stride];  // nodule, or malignant
    return {score > stage.threshold ? 1 : 0, std::abs(score - stage.threshold)};
  }
  const double nodule = 1.0 - p[0];
  const double malignant = p[2 * stride] / std::max(nodule, std::numeric_limits<double>::min());
  const double margin = std::abs(nodule - stage.threshold);
  if (!(nodule > stage.threshold)) return {0, margin};
  return {malignant > kMalignant ? 2 : 1, std::min(margin, std::abs(malignant - kMalignant))};
}

}  // namespace

std::vector<double> as_probabilities(const std::vector<float>& output, OutputKind kind,
                                     std::int64_t classes, std::int64_t inner) {
  std::vector<double> result(output.begin(), output.end());
  if (kind == OutputKind::kProbability) return result;
  if (classes == 1) {
    for (double& value : result) value = 0.5 * (1.0 + std::tanh(value / 2.0));  // no overflow
    return result;
  }
  const std::int64_t item = classes * inner;
  for (std::int64_t first = 0; first < static_cast<std::int64_t>(result.size()); first += item) {
    for (std::int64_t pixel = 0; pixel < inner; ++pixel) {
      double* values = result.data() + first + pixel;
      double most = values[0], sum = 0.0;
      for (std::int64_t c = 1; c < classes; ++c) most = std::max(most, values[c * inner]);
      for (std::int64_t c = 0; c < classes; ++c) {
        values[c * inner] = std::exp(values[c * inner] - most);
        sum += values[c * inner];
      }
      for (std::int64_t c = 0; c < classes; ++c) values[c * inner] /= sum;
    }
  }
  return result;
}

GoldenComparison compare(const std::vector<double>& actual, const std::vector<double>& eager,
                         const StageManifest& stage, std::int64_t inner) {
  GoldenComparison found;
  found.values = static_cast<std::int64_t>(actual.size());
  double absolute_sum = 0.0, relative_sum = 0.0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double absolute = std::abs(actual[i] - eager[i]);
    const double relative = absolute / std::max(std::abs(eager[i]), kSmallestReference);
    found.max_absolute = std::max(found.max_absolute, absolute);
    found.max_relative = std::max(found.max_relative, relative);
    absolute_sum += absolute;
    relative_sum += relative;
  }
  found.mean_absolute = absolute_sum / static_cast<double>(actual.size());
  found.mean_relative = relative_sum / static_cast<double>(actual.size());
  const auto classes = static_cast<std::int64_t>(stage.classes.size());
  for (std::int64_t first = 0; first < found.values; first += classes * inner) {
    for (std::int64_t pixel = 0; pixel < inner; ++pixel) {
      const Decision here = decide(actual.data() + first + pixel, inner, stage);
      const Decision there = decide(eager.data() + first + pixel, inner, stage);
      ++found.decisions;
      if (here.choice == there.choice) continue;
      ++found.flips;
      if (there.margin > stage.tolerance.decision_band) ++found.flips_outside_band;
    }
  }
  return found;
}

}  // namespace lungrt
