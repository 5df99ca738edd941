/// Call of a module's forward().
#pragma once

#include <torch/script.h>

namespace lungrt::torchscript {

/// Runs the graph as it is. Torch's profiling executor would otherwise record the first runs, then
/// rewrite the graph and, on a GPU, compile elementwise operations into new kernels: once for each
/// shape, which takes seconds, and with other roundings than those of the first runs.
at::Tensor run_as_written(torch::jit::Module module, const at::Tensor& input);

}  // namespace lungrt::torchscript
