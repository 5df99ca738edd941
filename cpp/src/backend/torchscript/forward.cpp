#include "backend/torchscript/forward.h"

#include <torch/csrc/jit/runtime/graph_executor.h>

namespace lungrt::torchscript {

at::Tensor run_as_written(torch::jit::Module module, const at::Tensor& input) {
  const torch::jit::GraphOptimizerEnabledGuard off(false);  // for this thread only
  return module.forward({input}).toTensor();  // of a copy that shares the weights: it is not const
}

}  // namespace lungrt::torchscript
