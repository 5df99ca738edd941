/// Two 3-D convolutions and a max pooling, with the channels of two slices combined in one.
#pragma once

#include <ATen/core/Tensor.h>

namespace lungrt::torchscript {

/// max_pool(relu(convolution(relu(convolution(x))))) with windows of 3 x 3 x 3, padding 1, and
/// pooling over 2 x 2 x 2. Pair p of the first convolution holds the slices 2p - 1 and 2p, each of
/// which depends on three of the four slices 2p - 2 to 2p + 1. Pair p of the second holds the
/// slices 2p and 2p + 1, which depend on two of the first's pairs. So no pair depends on more pairs
/// than necessary, and pooling combines the two slices of one pair.
class PairedConvolutions {
 public:
  struct Weights {
    at::Tensor weight, bias;  ///< float32, [out, in, 3, 3, 3] and [out]
  };

  PairedConvolutions(const Weights& first, const Weights& second);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Weights first_, second_;  // for pairs: [2 out, in, 4, 3, 3] and [2 out, 2 in, 2, 3, 3]
};

}  // namespace lungrt::torchscript
