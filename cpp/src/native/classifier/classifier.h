/// Networks of the 3-D classifier family.
#pragma once

#include <cstdint>
#include <vector>

#include "native/classifier/convolution_3d.h"
#include "native/network_file.h"
#include "native/trace.h"

namespace lungrt::native {

/// Weights of a classifier, immutable. ClassifierRun has the memory of a run.
class Classifier {
 public:
  /// \throws Error kBadBundle where the tensors do not fit the options
  Classifier(const ClassifierOptions& options, Tensors& tensors, Algorithm algorithm);

  struct Block {
    VoxelShape in, inner, pooled;
    bool pools_at_once;  ///< the second convolution includes the pooling
    Convolution3d first, second;
  };
  const ClassifierOptions& options() const { return options_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  float input_scale() const { return norm_.scale.front(); }
  float input_shift() const { return norm_.shift.front(); }
  /// Weights of the linear layer, [output][block][slice][row][pixel][16], and its bias, [output].
  const float* head_weights() const { return head_weights_.data(); }
  std::size_t head_stride() const { return head_stride_; }
  const std::vector<float>& head_bias() const { return head_bias_; }

 private:
  ClassifierOptions options_;
  BatchNorm norm_;
  std::vector<Block> blocks_;
  AlignedBuffer head_weights_;
  std::size_t head_stride_ = 0;
  std::vector<float> head_bias_;
};

/// Runs a classifier on one crop at a time, in memory that is allocated once.
class ClassifierRun {
 public:
  /// The classifier must outlive this object.
  ClassifierRun(const Classifier& classifier, const Kernels& kernels);

  /// Bytes of the activations, without allocating them.
  static std::int64_t bytes(const Classifier& classifier);

  /// \param crop           [slices][rows][columns]
  /// \param probabilities  output, one per class
  /// \param trace          receives the output of each layer; may be null
  void run(const float* crop, float* probabilities, Trace* trace = nullptr);

 private:
  void normalise(const float* crop);
  void pool(VoxelBlock& from, VoxelBlock& to);
  void classify(VoxelBlock& features, float* probabilities);

  const Classifier& classifier_;
  const Kernels& kernels_;
  VoxelBlock input_;
  struct Activations {
    VoxelBlock inner, second, pooled;
  };
  std::vector<Activations> activations_;
  ConvolutionScratch scratch_;
  std::vector<float> logits_;
};

}  // namespace lungrt::native
