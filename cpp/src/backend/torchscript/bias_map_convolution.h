/// Convolution that includes a batch norm of its input, from torch's public functions alone.
#pragma once

#include <ATen/core/Tensor.h>

#include "backend/engine_table.h"
#include "backend/torchscript/convolution_node.h"
#include "backend/torchscript/normalized_convolution.h"

namespace lungrt::torchscript {

/// 2-D convolution of scale * x + shift on a GPU, with a scale and a shift per channel.
///
/// The scale becomes part of the weights. The shift is worth the same everywhere but at the border,
/// where the padding consists of zeros of the normalised input and not of x: so instead of a bias
/// per channel a map of it is added, which does not depend on x. Adding it takes the place of the
/// pass over memory in which torch adds the bias anyway.
class BiasMapConvolution {
 public:
  /// Whether batch norms of the network's input may be included as well. Its Hounsfield units lie
  /// far from 0, where bfloat16 and TF32 have steps of several units.
  static bool may_include_input(LungrtPrecision precision) { return precision == kLungrtFp32; }

  /// \param plain  the operation as traced; its weights determine the device
  BiasMapConvolution(const NormalizedConvolution::Plain& plain, ConvolutionGeometry geometry,
                     bool relu, LungrtPrecision precision, bool channels_last);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  /// The map for an image of this size, computed on the CPU.
  at::Tensor map_of(std::int64_t height, std::int64_t width) const;
  /// The map for an output of this size, composed of `edges_`.
  at::Tensor composed(std::int64_t height, std::int64_t width) const;

  ConvolutionGeometry geometry_;
  bool relu_, tf32_, channels_last_;
  at::Tensor shift_, exact_weight_, exact_bias_;  ///< as traced, on the CPU in double
  at::Tensor weight_;                             ///< with the scale
  /// The map for an image as large as the kernel: at each border as many lines as the padding, and
  /// one line between them for everything inside. [1, rows, columns, channels] where weights are
  /// channels-last, so that what is composed of it lies in memory like what it is added to.
  at::Tensor edges_;
};

}  // namespace lungrt::torchscript
