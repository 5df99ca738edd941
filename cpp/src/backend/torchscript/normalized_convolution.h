/// Convolution that includes a batch norm and a concatenation of its inputs, without a pass over
/// memory for either.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "backend/torchscript/mkldnn_convolution.h"

namespace lungrt::torchscript {

/// 2-D convolution of scale * cat(parts) + shift, with a scale and a shift per channel.
///
/// With scale and shift folded into weights and bias, the result is exact where the window lies
/// inside of the image. At the border it is not: the padding consists of zeros of the normalised
/// input, not of the parts. With several parts, the excess in the folded bias is subtracted after
/// the first part was convolved. With one part, whose ReLU is fused, the border is computed again
/// from normalised pixels; a small image is normalised as a whole first, since its border would
/// cost more than the extra passes over memory.
class NormalizedConvolution {
 public:
  /// The operation as traced. Weights are float32, [out, in, height, width].
  struct Plain {
    at::Tensor scale, shift;  ///< undefined: no batch norm
    at::Tensor weight, bias;  ///< bias may be undefined
  };

  /// \param channels  of each of the parts
  NormalizedConvolution(const Plain& plain, const std::vector<std::int64_t>& channels,
                        mkldnn_convolution::Geometry geometry, bool relu);

  at::Tensor operator()(const std::vector<at::Tensor>& parts) const;

 private:
  /// Subtracts the part of the folded bias that belongs to the padding.
  void remove_padding(at::Tensor& out) const;
  /// Computes the first and last rows again or, if `turned`, the first and last columns.
  void repair_edges(at::Tensor& out, const at::Tensor& part, bool turned) const;

  mkldnn_convolution::Geometry geometry_;
  bool relu_;
  std::vector<at::Tensor> weights_;  // folded, for each part
  at::Tensor bias_;
  at::Tensor scale_, shift_;                // undefined: no border to repair
  at::Tensor border_weight_, border_bias_;  // as traced
  at::Tensor turned_weight_;                // rows and columns exchanged
  at::Tensor shift_within_bias_;            // per position of the window: [height, width, out]
};

}  // namespace lungrt::torchscript
