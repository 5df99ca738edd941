/// Conversion to channels-last memory, which oneDNN prefers.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace lungrt::torchscript {

/// Converts a tensor [N, C, H, W] or [N, C, D, H, W] to channels-last strides, even where a single
/// channel makes both orders the same memory: torch would treat it as channels first, and copy
/// oneDNN's result to that order and back for the next convolution.
at::Tensor channels_last(const at::Tensor& tensor);

/// Converts the weights of all convolutions. Saves 15 % of a crop's time for a network with one
/// input channel.
void order_weights(std::shared_ptr<torch::jit::Graph> graph);

}  // namespace lungrt::torchscript
