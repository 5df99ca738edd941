/// The network of one stage, for comparing it with its original and for your own pipelines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"
#include "lungrt/pipeline.h"

namespace lungrt {

/// Network of one stage of a bundle on an engine and a device. Many threads may use one instance.
class LUNGRT_API StageNetwork {
 public:
  /// Loads a stage of a bundle.
  /// \param bundle  folder that `lungrt export` wrote
  /// \param stage   segmentation, nodule or malignancy
  /// \param options engine, device, precision, threads, verify_hashes and engine_options are used
  /// \param member  number of the network in its ensemble, from 0; -1 for the mean of all
  /// \throws Error kIo, kBadBundle, kUnsupportedVersion, kEngineUnavailable, kDeviceUnavailable,
  ///         kInvalidArgument, kOutOfMemory
  StageNetwork(const std::string& bundle, const std::string& stage,
               const PipelineOptions& options = {}, int member = -1);
  ~StageNetwork();
  StageNetwork(StageNetwork&&) noexcept;
  StageNetwork& operator=(StageNetwork&&) noexcept;

  /// Shape of the output of `run` for an input of this shape.
  /// \throws Error kInvalidArgument if the stage does not accept such an input; the message says
  ///         what it accepts
  std::vector<std::int64_t> output_shape(const std::vector<std::int64_t>& input_shape) const;

  /// Runs the network on any number of items.
  /// \param input        values scaled as the manifest's input contract says, contiguous
  /// \param input_shape  [N, channels, height, width] for the segmentation,
  ///                     [N, 1, slices, rows, columns] for the classifiers
  /// \param output       receives probabilities of shape output_shape(input_shape), contiguous
  /// \throws Error kInvalidArgument for another shape or a null pointer; kInference, kOutOfMemory
  void run(const float* input, const std::vector<std::int64_t>& input_shape, float* output) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lungrt
