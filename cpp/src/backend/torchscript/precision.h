/// Precision of a loaded module's products on a GPU.
#pragma once

#include <torch/script.h>

#include "backend/engine_table.h"

namespace lungrt::torchscript {

/// Rewrites the module's graph such that the precision depends neither on torch's settings, which
/// belong to the application, nor on those recorded by the trace. fp32 and tf32 forbid or allow
/// TF32 in each convolution. bf16 and fp16 convert the weights and inputs of convolutions and
/// linear layers to that type; the first batch norm, whose input is in Hounsfield units, the
/// parameters of the other batch norms, the final sigmoid or softmax and the result stay in
/// float32. cuDNN's deterministic algorithms are required, which transposed convolutions do not use
/// otherwise: in each convolution, because torch's own setting is the application's as well.
/// \throws Failure kLungrtBadArtifact for a network with products whose precision it cannot set
void compute_in(LungrtPrecision precision, torch::jit::Module& module);

/// The same for a graph.
void compute_in(LungrtPrecision precision, const std::shared_ptr<torch::jit::Graph>& graph);

}  // namespace lungrt::torchscript
