#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/bundle/golden_tensor.h"
#include "core/text.h"
#include "lungrt/goldens.h"

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
Decision decide(const double* p, std::int64_t stride, const ComparisonRule& rule) {
  if (rule.classes < 3) {
    const double score = p[(rule.classes - 1) * stride];  // nodule, or malignant
    return {score > rule.threshold ? 1 : 0, std::abs(score - rule.threshold)};
  }
  const double nodule = 1.0 - p[0];
  const double malignant = p[2 * stride] / std::max(nodule, std::numeric_limits<double>::min());
  const double margin = std::abs(nodule - rule.threshold);
  if (!(nodule > rule.threshold)) return {0, margin};
  return {malignant > kMalignant ? 2 : 1, std::min(margin, std::abs(malignant - kMalignant))};
}

/// Turns logits into probabilities.
/// \param inner  number of values per class of an item: 1, or the number of pixels
std::vector<double> as_probabilities(const std::vector<float>& output, bool logits,
                                     std::int64_t classes, std::int64_t inner) {
  std::vector<double> result(output.begin(), output.end());
  if (!logits) return result;
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

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorCode::kInvalidArgument, "outputs cannot be compared: " + problem);
}

void check(const GoldenTensor& actual, const GoldenTensor& eager, const ComparisonRule& rule) {
  if (rule.classes < 1 || rule.classes > 3) {
    refuse("a stage has 1 to 3 classes, not " + std::to_string(rule.classes));
  }
  for (const GoldenTensor* tensor : {&actual, &eager}) {
    const bool fits = tensor->shape.size() >= 2 && tensor->shape[1] == rule.classes;
    if (!fits || elements(*tensor) < 1 ||
        elements(*tensor) != static_cast<std::int64_t>(tensor->values.size())) {
      refuse("one has shape " + text::bracketed(tensor->shape) + " and " +
             text::counted(static_cast<std::int64_t>(tensor->values.size()), "value") +
             ", expected [N, " + std::to_string(rule.classes) + ", ...]");
    }
    const std::string found = not_finite(*tensor);
    if (!found.empty()) refuse("one has " + found);
  }
  if (actual.shape != eager.shape) {
    refuse("their shapes are " + text::bracketed(actual.shape) + " and " +
           text::bracketed(eager.shape));
  }
}

}  // namespace

GoldenComparison compare(const GoldenTensor& actual_output, const GoldenTensor& eager_output,
                         const ComparisonRule& rule, bool gives_probabilities) {
  check(actual_output, eager_output, rule);
  const std::int64_t items = eager_output.shape[0];
  const std::int64_t inner = elements(eager_output) / items / rule.classes;
  const std::vector<double> actual = as_probabilities(
      actual_output.values, rule.logits && !gives_probabilities, rule.classes, inner);
  const std::vector<double> eager =
      as_probabilities(eager_output.values, rule.logits, rule.classes, inner);
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
  for (std::int64_t first = 0; first < found.values; first += rule.classes * inner) {
    for (std::int64_t pixel = 0; pixel < inner; ++pixel) {
      const Decision here = decide(actual.data() + first + pixel, inner, rule);
      const Decision there = decide(eager.data() + first + pixel, inner, rule);
      ++found.decisions;
      if (here.choice == there.choice) continue;
      ++found.flips;
      if (there.margin > rule.decision_band) ++found.flips_outside_band;
    }
  }
  return found;
}

}  // namespace lungrt
