/// A convolution in a graph, with its ReLU.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <optional>

#include "backend/torchscript/mkldnn_convolution.h"

namespace lungrt::torchscript {

struct ConvolutionNode {
  torch::jit::Node* node;
  torch::jit::Node* relu;   ///< behind it, where nothing else sees what comes before; or none
  at::Tensor weight, bias;  ///< bias may be undefined
  mkldnn_convolution::Geometry geometry;

  torch::jit::Value* input() const { return node->input(0); }
  torch::jit::Value* result() const { return (relu != nullptr ? relu : node)->output(); }
};

/// What oneDNN's functions take: float32 constants, one group, not transposed; nothing otherwise.
std::optional<ConvolutionNode> read_convolution(torch::jit::Node* node);

}  // namespace lungrt::torchscript
