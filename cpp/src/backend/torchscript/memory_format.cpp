#include "backend/torchscript/memory_format.h"

#include <ATen/ops/empty.h>
#include <torch/csrc/jit/ir/constants.h>

#include "backend/torchscript/graph_nodes.h"

namespace lungrt::torchscript {

at::Tensor laid_out(const at::Tensor& tensor, bool channels_last) {
  if (tensor.dim() != 4 && tensor.dim() != 5) return tensor;
  const auto last =
      tensor.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d;
  // Not contiguous(): of a tensor with one channel, whose bytes are the same in both layouts, it
  // leaves the strides alone, and cuDNN's layout is chosen by these.
  at::Tensor result = at::empty(
      tensor.sizes(),
      tensor.options().memory_format(channels_last ? last : at::MemoryFormat::Contiguous));
  return result.strides() == tensor.strides() ? tensor : result.copy_(tensor);
}

bool wants_channels_last(LungrtPrecision precision, MemoryFormat wanted) {
  if (wanted != MemoryFormat::kAuto) return wanted == MemoryFormat::kChannelsLast;
  return precision != kLungrtFp32;
}

void lay_out_weights(const std::shared_ptr<torch::jit::Graph>& graph, bool channels_last) {
  for (torch::jit::Node* node : all_nodes(*graph->block())) {
    if (node->kind() != c10::prim::Constant || node->outputs().size() != 1) continue;
    const auto value = torch::jit::toIValue(node->output());
    if (!value || !value->isTensor()) continue;
    const at::Tensor placed = laid_out(value->toTensor(), channels_last);
    if (placed.is_same(value->toTensor())) continue;
    const torch::jit::WithInsertPoint here(node);
    node->output()->replaceAllUsesWith(graph->insertConstant(placed));
    node->destroy();
  }
}

void lay_out_weights(torch::jit::Module& module, bool channels_last) {
  lay_out_weights(module.get_method("forward").graph(), channels_last);
  // A module that was not frozen keeps its weights as attributes.
  const auto place = [channels_last](at::Tensor tensor) {
    tensor.set_data(laid_out(tensor, channels_last));
  };
  for (const at::Tensor& tensor : module.parameters()) place(tensor);
  for (const at::Tensor& tensor : module.buffers()) place(tensor);
}

}  // namespace lungrt::torchscript
