/// What a loaded module multiplies in on a GPU.
#pragma once

#include <torch/script.h>

#include "backend/engine_table.h"

namespace lungrt::torchscript {

/// Rewrites the module's graph, so that neither torch's settings, which are the application's, nor
/// those that were recorded when it was traced decide. fp32 and tf32 forbid or allow TF32 in each
/// convolution. bf16 and fp16 give convolutions and linear layers weights and inputs of that type;
/// the first batch norm, which sees Hounsfield units, the parameters of the others, and the final
/// sigmoid or softmax stay in float32.
/// \throws Failure kLungrtBadArtifact for a network with products that this knows nothing of
void compute_in(LungrtPrecision precision, torch::jit::Module& module);

/// The same of a graph.
void compute_in(LungrtPrecision precision, const std::shared_ptr<torch::jit::Graph>& graph);

}  // namespace lungrt::torchscript
