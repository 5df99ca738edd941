/// Convolution that includes a batch norm of its input, without a pass over memory for it.
#pragma once

#include <ATen/core/Tensor.h>

#include "backend/torchscript/convolution_node.h"

namespace lungrt::torchscript {

/// 2-D convolution of scale * x + shift, with a scale and a shift per channel, by oneDNN.
///
/// With scale and shift folded into weights and bias, the result is exact where the window lies
/// inside of the image. At the border it is not: the padding consists of zeros of the normalised
/// input, not of x. There it is computed again, from normalised pixels; a small image is normalised
/// as a whole first, since its border would cost more than the extra pass over memory.
class NormalizedConvolution {
 public:
  /// The operation as traced. Weights are float32, [out, in, height, width].
  struct Plain {
    at::Tensor scale, shift;
    at::Tensor weight, bias;  ///< bias may be undefined
  };

  /// Whether this torch was built with oneDNN and has the function that convolves, with the
  /// expected number of arguments.
  static bool is_available();

  NormalizedConvolution(const Plain& plain, ConvolutionGeometry geometry, bool relu);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  /// Computes the first and last rows again or, if `turned`, the first and last columns.
  void repair_edges(at::Tensor& out, const at::Tensor& x, bool turned) const;

  ConvolutionGeometry geometry_;
  bool relu_;
  at::Tensor weight_, bias_;                // folded
  at::Tensor scale_, shift_;                // undefined: no border to repair
  at::Tensor border_weight_, border_bias_;  // as traced
  at::Tensor turned_weight_;                // rows and columns exchanged
};

}  // namespace lungrt::torchscript
