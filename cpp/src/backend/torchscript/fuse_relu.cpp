#include "backend/torchscript/fuse_relu.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/subgraph_matcher.h>
#include <torch/csrc/jit/passes/subgraph_rewrite.h>

namespace lungrt::torchscript {
namespace {

constexpr const char* kSeparate = R"(
graph(%x, %w, %b, %stride, %padding, %dilation, %transposed, %output_padding, %groups, %benchmark,
      %deterministic, %cudnn, %tf32):
  %z = aten::_convolution(%x, %w, %b, %stride, %padding, %dilation, %transposed, %output_padding,
                          %groups, %benchmark, %deterministic, %cudnn, %tf32)
  %r = aten::relu(%z)
  return (%r))";

constexpr const char* kFused = R"(
graph(%x, %w, %b, %stride, %padding, %dilation, %transposed, %output_padding, %groups, %benchmark,
      %deterministic, %cudnn, %tf32):
  %relu : str = prim::Constant[value="relu"]()
  %scalars : Scalar?[] = prim::ListConstruct()
  %algorithm : NoneType = prim::Constant()
  %r : Tensor = mkldnn::_convolution_pointwise(%x, %w, %b, %padding, %stride, %dilation, %groups,
                                               %relu, %scalars, %algorithm)
  return (%r))";

/// The fused call supports float32 weights and does not support transposed convolutions.
bool can_be_fused(const torch::jit::Match& match,
                  const std::unordered_map<std::string, torch::jit::Value*>& names) {
  const auto constant = [&](const char* name) {
    return torch::jit::toIValue(match.values_map.at(names.at(name)));
  };
  const auto transposed = constant("transposed");
  const auto weight = constant("w");
  return transposed && transposed->isBool() && !transposed->toBool() && weight &&
         weight->isTensor() && weight->toTensor().scalar_type() == at::kFloat;
}

}  // namespace

void fuse_convolutions_with_relu(torch::jit::Module& module) {
  if (!c10::Dispatcher::singleton().findSchema({"mkldnn::_convolution_pointwise", ""})) return;
  torch::jit::SubgraphRewriter rewriter;
  rewriter.RegisterRewritePattern(kSeparate, kFused);
  auto graph = module.get_method("forward").graph();
  rewriter.runOnGraph(graph, can_be_fused);
}

}  // namespace lungrt::torchscript
