/// The convolution of batch norms, and of several tensors, without a pass over memory for either.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "backend/torchscript/mkldnn_convolution.h"

namespace lungrt::torchscript {

/// A convolution in two dimensions of scale * cat(parts) + shift, where scale and shift are a
/// channel's. With them folded into weights and bias it is exact where the window lies inside; at
/// the border the padding is zeros of what was normalised, not of the parts. Of several parts, what
/// the folded bias has too much is taken away between two of them; of one, whose ReLU is taken at
/// once, the border is computed again as it was written, and a small image is normalised first: its
/// border costs more than its passes over memory.
class NormalizedConvolution {
 public:
  /// What is normalised, and what it is convolved with: float32, [out, in, height, width].
  struct Plain {
    at::Tensor scale, shift;  ///< undefined: not normalised
    at::Tensor weight, bias;  ///< bias may be undefined
  };

  /// \param channels of each of the parts
  NormalizedConvolution(const Plain& plain, const std::vector<std::int64_t>& channels,
                        mkldnn_convolution::Geometry geometry, bool relu);

  at::Tensor operator()(const std::vector<at::Tensor>& parts) const;

 private:
  /// Takes away what the bias has of the padding.
  void remove_padding(at::Tensor& out) const;
  /// Rows above and below, or, turned, columns left and right.
  void repair_edges(at::Tensor& out, const at::Tensor& part, bool turned) const;

  mkldnn_convolution::Geometry geometry_;
  bool relu_;
  std::vector<at::Tensor> weights_;  // folded, of each part
  at::Tensor bias_;
  at::Tensor scale_, shift_;                // undefined: there is no border to repair
  at::Tensor border_weight_, border_bias_;  // as given
  at::Tensor turned_weight_;                // rows and columns exchanged
  at::Tensor shift_within_bias_;            // of each position of the window: [height, width, out]
};

}  // namespace lungrt::torchscript
