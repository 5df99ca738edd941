/// Two convolutions and a maximum in three dimensions, with two slices as the channels of one.
#pragma once

#include <ATen/core/Tensor.h>

namespace lungrt::torchscript {

/// max_pool(relu(convolution(relu(convolution(x))))) with windows of 3 x 3 x 3, a padding of one,
/// and 2 x 2 x 2. A pair of the first convolution holds the slices 2p - 1 and 2p, each made of
/// three of the four slices 2p - 2 to 2p + 1; one of the second the slices 2p and 2p + 1, from two
/// of those. So no pair has more neighbours than it needs, and the maximum is one of within a pair.
class PairedConvolutions {
 public:
  struct Weights {
    at::Tensor weight, bias;  ///< float32, [out, in, 3, 3, 3] and [out]
  };

  PairedConvolutions(const Weights& first, const Weights& second);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Weights first_, second_;  // of pairs: [2 out, in, 4, 3, 3] and [2 out, 2 in, 2, 3, 3]
};

}  // namespace lungrt::torchscript
