#include "backend/torchscript/channels_last.h"

#include <c10/core/MemoryFormat.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include "backend/torchscript/convolution_node.h"

namespace lungrt::torchscript {

at::Tensor channels_last(const at::Tensor& tensor) {
  const bool flat = tensor.dim() == 4;
  const at::Tensor dense =
      tensor.contiguous(flat ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d);
  return dense.as_strided(dense.sizes(), flat ? c10::get_channels_last_strides_2d(dense.sizes())
                                              : c10::get_channels_last_strides_3d(dense.sizes()));
}

void order_weights(std::shared_ptr<torch::jit::Graph> graph) {
  torch::jit::Inline(*graph);
  for (torch::jit::Node* node : graph->nodes()) {
    const auto convolution = read_convolution(node);
    if (!convolution || convolution->weight.dim() < 4) continue;
    const torch::jit::WithInsertPoint here(node);
    node->replaceInput(1, graph->insertConstant(channels_last(convolution->weight)));
  }
  torch::jit::EliminateDeadCode(graph);
}

}  // namespace lungrt::torchscript
