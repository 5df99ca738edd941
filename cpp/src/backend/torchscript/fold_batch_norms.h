/// Graph rewrite: batch norms.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <memory>

#include "backend/engine_table.h"

namespace lungrt::torchscript {

/// Folds batch norms into the 2-D convolutions that follow them, also across pooling and
/// concatenation. Only the order of sums changes. A batch norm whose result is used by anything
/// else stays. For the CPU; does nothing where torch was built without oneDNN.
void fold_batch_norms(std::shared_ptr<torch::jit::Graph> graph);

/// The same for a GPU and one of its precisions. Where that is not fp32, batch norms of the
/// network's input stay (see BiasMapConvolution). Before compute_in(), which does not see into what
/// was folded.
/// \param channels_last  layout of the weights
void fold_batch_norms_on_device(std::shared_ptr<torch::jit::Graph> graph, LungrtPrecision precision,
                                bool channels_last);

}  // namespace lungrt::torchscript
