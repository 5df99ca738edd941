#include "backend/torchscript/paired_convolutions.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/max_pool3d.h>
#include <ATen/ops/zeros.h>

#include "backend/torchscript/channels_last.h"
#include "backend/torchscript/mkldnn_convolution.h"

namespace lungrt::torchscript {
namespace {

using mkldnn_convolution::convolve;

constexpr std::int64_t kWindow = 3;

/// Weights of both slices, those of the second shifted by one slice: [2 out, in, 4, 3, 3].
at::Tensor both_slices(const at::Tensor& weight) {
  const std::int64_t outputs = weight.size(0);
  at::Tensor both = at::zeros({2 * outputs, weight.size(1), kWindow + 1, kWindow, kWindow});
  both.narrow(0, 0, outputs).narrow(2, 0, kWindow).copy_(weight);
  both.narrow(0, outputs, outputs).narrow(2, 1, kWindow).copy_(weight);
  return both;
}

/// The same for an input of slice pairs: [2 out, 2 in, 2, 3, 3].
at::Tensor of_pairs(const at::Tensor& weight) {
  const at::Tensor both = both_slices(weight);
  return both.view({both.size(0), both.size(1), 2, 2, kWindow, kWindow})
      .permute({0, 3, 1, 2, 4, 5})
      .reshape({both.size(0), 2 * both.size(1), 2, kWindow, kWindow});
}

}  // namespace

PairedConvolutions::PairedConvolutions(const Weights& first, const Weights& second)
    : first_{channels_last(both_slices(first.weight)), at::cat({first.bias, first.bias})},
      second_{channels_last(of_pairs(second.weight)), at::cat({second.bias, second.bias})} {}

at::Tensor PairedConvolutions::operator()(const at::Tensor& x) const {
  at::Tensor y = convolve(channels_last(x), first_.weight, first_.bias,
                          {.stride = {2, 1, 1}, .padding = {2, 1, 1}, .dilation = {1, 1, 1}}, true);
  // Padding of the second convolution: the slice before the first and, where it is the second of a
  // pair, the one after the last.
  const std::int64_t half = y.size(1) / 2;
  y.narrow(1, 0, half).select(2, 0).zero_();
  if (x.size(2) % 2 == 0) y.narrow(1, half, half).select(2, -1).zero_();
  y = convolve(y, second_.weight, second_.bias,
               {.stride = {1, 1, 1}, .padding = {0, 1, 1}, .dilation = {1, 1, 1}}, true);
  // In memory the two slices of a pixel are adjacent, like a row of twice as many pixels.
  const std::int64_t channels = y.size(1) / 2;
  const at::Tensor side_by_side =
      y.permute({0, 2, 3, 4, 1})
          .reshape({y.size(0), y.size(2), y.size(3), 2 * y.size(4), channels})
          .permute({0, 4, 1, 2, 3});
  return at::max_pool3d(side_by_side, {1, 2, 4});
}

}  // namespace lungrt::torchscript
