/// Convolutions in a graph, with the ReLU that follows.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <optional>

#include "backend/torchscript/mkldnn_convolution.h"

namespace lungrt::torchscript {

struct ConvolutionNode {
  torch::jit::Node* node;
  torch::jit::Node* relu;   ///< the only user of the convolution's result, or null
  at::Tensor weight, bias;  ///< bias may be undefined
  mkldnn_convolution::Geometry geometry;

  torch::jit::Value* input() const { return node->input(0); }
  torch::jit::Value* result() const { return (relu != nullptr ? relu : node)->output(); }
};

/// Reads a convolution that oneDNN's functions support: float32 constants, one group, not
/// transposed. Nothing for any other node.
std::optional<ConvolutionNode> read_convolution(torch::jit::Node* node);

}  // namespace lungrt::torchscript
