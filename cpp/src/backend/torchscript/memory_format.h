/// Memory layout of a loaded module's weights.
#pragma once

#include <torch/script.h>

#include "backend/torchscript/options.h"

namespace lungrt::torchscript {

/// Whether weights on a CUDA device are to be channels-last. cuDNN's kernels for tensor cores
/// (TF32, bfloat16, float16) expect that layout and reorder anything else around each convolution.
/// Without tensor cores its fast kernels are those for contiguous (NCHW) tensors, most of all in
/// 3-D.
bool wants_channels_last(LungrtPrecision precision, MemoryFormat wanted);

/// The tensor with the strides of that layout; itself where it has them, or has no spatial axes.
at::Tensor laid_out(const at::Tensor& tensor, bool channels_last);

/// Lays out all weights of rank 4 and 5 in this way, whatever layout they were exported in.
/// Activations follow: a convolution is channels-last where its input or its weight is.
void lay_out_weights(torch::jit::Module& module, bool channels_last);

/// The same for the constants of a graph, which is where a frozen module has its weights.
void lay_out_weights(const std::shared_ptr<torch::jit::Graph>& graph, bool channels_last);

}  // namespace lungrt::torchscript
