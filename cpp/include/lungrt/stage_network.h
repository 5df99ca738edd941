/// One stage's network alone, for checking it against its original and for pipelines of your own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lungrt/export.h"
#include "lungrt/pipeline.h"

namespace lungrt {

/// A stage of a bundle on an engine and a device. One instance serves many threads.
class LUNGRT_API StageNetwork {
 public:
  /// \param stage   segmentation, nodule or malignancy
  /// \param member  of an ensemble, from 0; -1 for the mean of all
  /// \throws Error as Pipeline does
  StageNetwork(const std::string& bundle, const std::string& stage,
               const PipelineOptions& options = {}, int member = -1);
  ~StageNetwork();
  StageNetwork(StageNetwork&&) noexcept;
  StageNetwork& operator=(StageNetwork&&) noexcept;

  /// Shape that `run` gives for an input of this shape.
  /// \throws Error kInvalidArgument where the stage does not take such an input, with what it takes
  std::vector<std::int64_t> output_shape(const std::vector<std::int64_t>& input_shape) const;

  /// Runs any number of items.
  /// \param input   scaled values as the manifest's input contract has them: [N, channels, height,
  /// width] or
  ///                [N, 1, slices, rows, columns], contiguous in that order
  /// \param output  probabilities, output_shape(input_shape), contiguous
  /// \throws Error kInvalidArgument as output_shape() does, and for null pointers; kInference,
  /// kOutOfMemory
  void run(const float* input, const std::vector<std::int64_t>& input_shape, float* output) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lungrt
