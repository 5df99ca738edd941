/// Calls of a module's forward(), with and without torch's own rewriting of the graph.
#pragma once

#include <torch/script.h>

namespace lungrt::torchscript {

/// Runs the graph as it is. Torch's profiling executor would otherwise record the first runs, then
/// rewrite the graph and, on a GPU, compile elementwise operations into new kernels: once for each
/// shape, which takes seconds, and with other roundings than those of the first runs.
at::Tensor run_as_written(torch::jit::Module module, const at::Tensor& input);

/// Runs the graph as torch rewrites it.
at::Tensor run_optimized(torch::jit::Module module, const at::Tensor& input);

}  // namespace lungrt::torchscript
