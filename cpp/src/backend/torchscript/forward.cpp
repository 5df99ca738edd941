#include "backend/torchscript/forward.h"

#include <torch/csrc/jit/runtime/graph_executor.h>

namespace lungrt::torchscript {

// The module is a copy that shares the weights, because forward() is not const.

at::Tensor run_as_written(torch::jit::Module module, const at::Tensor& input) {
  const torch::jit::GraphOptimizerEnabledGuard off(false);  // for this thread only
  return module.forward({input}).toTensor();
}

at::Tensor run_optimized(torch::jit::Module module, const at::Tensor& input) {
  return module.forward({input}).toTensor();
}

}  // namespace lungrt::torchscript
