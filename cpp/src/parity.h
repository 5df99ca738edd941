/// Comparison of an output with the eager module's, by value and by decision.
#pragma once

#include <cstdint>
#include <vector>

#include "core/bundle/bundle.h"
#include "lungrt/verification.h"

namespace lungrt {

/// Converts an eager module's output to probabilities: a sigmoid for the logits of one class, a
/// softmax for those of several.
/// \param classes  number of classes of an item, or channels of a pixel
/// \param inner    number of values per class of an item: 1, or the number of pixels
std::vector<double> as_probabilities(const std::vector<float>& output, OutputKind kind,
                                     std::int64_t classes, std::int64_t inner);

/// Compares two outputs of shape [N, classes, inner].
GoldenComparison compare(const std::vector<double>& actual, const std::vector<double>& eager,
                         const StageManifest& stage, std::int64_t inner);

}  // namespace lungrt
