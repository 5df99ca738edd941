/// Graph rewrite for the CPU: batch norms.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace lungrt::torchscript {

/// Folds batch norms into the convolutions that follow them, also across pooling and concatenation.
/// Only the order of sums changes. A batch norm whose result is used by anything else stays. Does
/// nothing where torch was built without oneDNN.
void fold_batch_norms(std::shared_ptr<torch::jit::Graph> graph);

}  // namespace lungrt::torchscript
