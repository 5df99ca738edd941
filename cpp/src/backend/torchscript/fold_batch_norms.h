/// A rewrite of a loaded network for the CPU.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace lungrt::torchscript {

/// Batch norms become part of the convolutions that take what they give, also where that was pooled
/// or concatenated before; and concatenated channels are convolved where they lie and not copied.
/// Only the order of sums changes. A batch norm that anything else sees stays. Does nothing where
/// torch was built without oneDNN.
void fold_batch_norms(std::shared_ptr<torch::jit::Graph> graph);

}  // namespace lungrt::torchscript
