/// How far an output is from the eager module's, and what that means for decisions.
#pragma once

#include <cstdint>
#include <vector>

#include "core/bundle.h"
#include "lungrt/verification.h"

namespace lungrt {

/// Makes probabilities of what an eager module gave: logits of one class are put through a sigmoid,
/// those of several through a softmax.
/// \param classes  of an item, or channels of a pixel
/// \param inner    values of one class of an item: 1, or pixels
std::vector<double> as_probabilities(const std::vector<float>& output, OutputKind kind,
                                     std::int64_t classes, std::int64_t inner);

/// Both [N, classes, inner].
GoldenComparison compare(const std::vector<double>& actual, const std::vector<double>& eager,
                         const StageManifest& stage, std::int64_t inner);

}  // namespace lungrt
