/// Goldens of a network: inputs with the outputs of the eager module, and the comparison of other
/// outputs with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// A float32 array in C order: the last axis is contiguous.
struct GoldenTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// An input of a network and the output of the eager module for it.
struct Golden {
  GoldenTensor input;   ///< [N, channels, rows, columns] or [N, 1, slices, rows, columns]
  GoldenTensor output;  ///< [N, 1, rows, columns] or [N, classes]; probabilities or logits
};

/// Reads a file of goldens (DESIGN.md, "The bundle").
/// \throws Error kBadBundle  if it does not hold pairs of float32 tensors input_0, output_0, ...
/// \throws Error kIo         if it cannot be read
LUNGRT_API std::vector<Golden> read_goldens(const std::string& file);

/// How the outputs of a stage's networks are compared.
struct ComparisonRule {
  std::int64_t classes = 1;    ///< classes of the stage
  bool logits = false;         ///< whether the eager module returns logits
  double threshold = 0.5;      ///< of the stage's decision
  double absolute = 0.0;       ///< largest absolute difference of a probability that is tolerated
  double decision_band = 0.0;  ///< decisions may differ this close to the threshold
};

/// Comparison of an output with that of the eager module, both as probabilities.
struct GoldenComparison {
  std::int64_t values = 0;     ///< number of values that were compared
  double max_absolute = 0.0;   ///< largest absolute difference
  double mean_absolute = 0.0;  ///< mean absolute difference
  /// Largest relative difference. Differences are divided by the eager probability, or by 0.001 if
  /// that is larger.
  double max_relative = 0.0;
  double mean_relative = 0.0;  ///< mean relative difference
  std::int64_t decisions = 0;  ///< number of decisions: pixels, or crops
  std::int64_t flips = 0;      ///< decisions that differ from the eager module's
  /// Flips whose eager probability lies outside the decision band around the threshold.
  std::int64_t flips_outside_band = 0;
};

/// Compares an output with the eager module's. Logits become probabilities by a sigmoid if there is
/// one class, else by a softmax over the classes, as in the engines.
/// \param actual  output to compare, [N, classes, ...]
/// \param eager   output of the eager module, of the same shape
/// \param gives_probabilities  whether `actual` holds probabilities even if `eager` holds logits
/// \throws Error kInvalidArgument  if the shapes differ, do not have the rule's classes or are
///                                 empty, or if a value is NaN or infinite
LUNGRT_API GoldenComparison compare(const GoldenTensor& actual, const GoldenTensor& eager,
                                    const ComparisonRule& rule, bool gives_probabilities = false);

}  // namespace lungrt
