/// Tensors whose channels lie one after the other, as oneDNN wants them.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace lungrt::torchscript {

/// Of [N, C, H, W] or [N, C, D, H, W], with strides that say so even where a single channel leaves
/// the order open: torch would call it channels first, and have what oneDNN makes of it copied into
/// that order, and back for the next convolution.
at::Tensor channels_last(const at::Tensor& tensor);

/// The same of every convolution's weights. For a network that takes one channel: 15 % of a crop.
void order_weights(std::shared_ptr<torch::jit::Graph> graph);

}  // namespace lungrt::torchscript
