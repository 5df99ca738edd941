#include "backend/torchscript/fold_batch_norms.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "backend/torchscript/bias_map_convolution.h"
#include "backend/torchscript/convolution_node.h"
#include "backend/torchscript/graph_function.h"
#include "backend/torchscript/normalized_convolution.h"

namespace lungrt::torchscript {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

/// Batch norm as scale * x + shift per channel, in double, on the CPU.
struct BatchNorm {
  at::Tensor scale, shift;
};

std::optional<BatchNorm> read_batch_norm(const Node* node) {
  enum Input : std::size_t { kWeight = 1, kBias, kMean, kVariance, kTraining, kMomentum, kEpsilon };
  if (node->kind() != c10::aten::batch_norm || !is_constant(node, kTraining, false)) {
    return std::nullopt;
  }
  const auto mean = constant_tensor(node, kMean), variance = constant_tensor(node, kVariance);
  const auto weight = constant_tensor(node, kWeight), bias = constant_tensor(node, kBias);
  const auto epsilon = constant(node, kEpsilon);
  if (!mean || !variance || !(weight || is_none(node, kWeight)) ||
      !(bias || is_none(node, kBias)) || !epsilon || !epsilon->isDouble()) {
    return std::nullopt;
  }
  at::Tensor scale = (variance->cpu().to(at::kDouble) + epsilon->toDouble()).rsqrt();
  if (weight) scale = scale * weight->cpu();
  at::Tensor shift = -mean->cpu().to(at::kDouble) * scale;
  if (bias) shift = shift + bias->cpu();
  return BatchNorm{.scale = scale, .shift = shift};
}

/// Reads a 2-D convolution whose border NormalizedConvolution can compute.
std::optional<ConvolutionNode> read_receiver(Node* node) {
  auto found = read_convolution(node);
  if (!found || found->weight.dim() != 4) return std::nullopt;
  const ConvolutionGeometry& geometry = found->geometry;
  const bool padded = !are_all(geometry.padding, 0);
  if (padded && !(are_all(geometry.stride, 1) && are_all(geometry.dilation, 1))) {
    return std::nullopt;
  }
  return found;
}

/// avg_pool2d(x, window, stride, padding, ceil_mode, count_include_pad, divisor_override) over
/// whole windows: there the mean of normalised values is the normalised mean.
bool is_mean(const Node* node) {
  return node->kind() == c10::aten::avg_pool2d && are_all(constant_list(node, 3), 0) &&
         is_constant(node, 4, false) && is_none(node, 6);
}

bool is_maximum(const Node* node) { return node->kind() == c10::aten::max_pool2d; }

bool is_concatenation(const Node* node) {
  return node->kind() == c10::aten::cat && is_constant(node, 1, std::int64_t{1}) &&
         node->input(0)->node()->kind() == c10::prim::ListConstruct &&
         node->input(0)->uses().size() == 1;
}

/// Whether a value is the network's input, or the input pooled.
bool is_network_input(const Value* value) {
  const Node* node = value->node();
  while (is_mean(node) || is_maximum(node)) node = node->input(0)->node();
  return node->kind() == c10::prim::Param;
}

/// Input of a convolution that includes its batch norm.
struct Source {
  Value* value;  ///< before the batch norm
  BatchNorm norm;
};

/// Makes the function of a convolution that includes a batch norm.
using Maker = std::function<NodeFunction(const NormalizedConvolution::Plain&,
                                         const ConvolutionGeometry&, bool relu)>;

class Folding {
 public:
  /// \param with_input  whether batch norms of the network's input are folded, too
  Folding(Graph& graph, Maker maker, bool with_input)
      : graph_(graph), maker_(std::move(maker)), with_input_(with_input) {}

  void run() {
    std::vector<Node*> convolutions;
    for (Node* node : graph_.nodes()) {
      note_channels(node);
      if (read_receiver(node)) convolutions.push_back(node);
    }
    for (Node* node : convolutions) fold_into(*read_receiver(node));
  }

 private:
  void note_channels(const Node* node);
  std::optional<std::int64_t> channels_of(const Value* value) const;
  bool is_concatenation_of_known(const Node* node) const;
  bool all_fold(const Value* value, bool rising) const;
  std::optional<Source> source_of(Value* value);
  std::optional<Source> pooled(Node* pool);
  std::optional<Source> concatenated(Node* cat);
  void fold_into(const ConvolutionNode& receiver);

  Graph& graph_;
  Maker maker_;
  bool with_input_;
  std::map<const Value*, std::int64_t> channels_;
  std::map<const Node*, Value*> pooled_;  // pool -> its copy that is applied before the batch norm
};

void Folding::note_channels(const Node* node) {
  if (node->kind() == c10::aten::_convolution) {
    const auto weight = constant_tensor(node, 1);
    const auto groups = constant(node, 8);
    if (!weight || !groups) return;
    channels_[node->output()] =
        is_constant(node, 6, true) ? weight->size(1) * groups->toInt() : weight->size(0);
  } else if (node->kind() == c10::aten::batch_norm) {
    if (const auto mean = constant_tensor(node, 3)) channels_[node->output()] = mean->numel();
  } else if (node->kind() == c10::aten::relu || is_mean(node) || is_maximum(node)) {
    if (const auto known = channels_of(node->input(0))) channels_[node->output()] = *known;
  }
}

std::optional<std::int64_t> Folding::channels_of(const Value* value) const {
  const auto found = channels_.find(value);
  return found == channels_.end() ? std::nullopt : std::optional(found->second);
}

bool Folding::is_concatenation_of_known(const Node* node) const {
  if (!is_concatenation(node)) return false;
  for (const Value* part : node->input(0)->node()->inputs()) {
    if (!channels_of(part)) return false;
  }
  return true;
}

/// Whether a value is only used by convolutions that can include its batch norm.
/// \param rising  whether the batch norm preserves order, i.e. all its scales are positive
bool Folding::all_fold(const Value* value, bool rising) const {
  for (const torch::jit::Use& use : value->uses()) {
    Node* user = use.user;
    if (read_receiver(user) && use.offset == 0) continue;
    if ((is_mean(user) || (is_maximum(user) && rising)) && all_fold(user->output(), rising)) {
      continue;
    }
    if (user->kind() == c10::prim::ListConstruct && user->output()->uses().size() == 1) {
      const Node* cat = user->output()->uses()[0].user;
      if (is_concatenation_of_known(cat) && all_fold(cat->output(), false)) continue;
    }
    return false;
  }
  return true;
}

/// Finds the source of a value; nothing where the value is to be used as it is.
std::optional<Source> Folding::source_of(Value* value) {
  Node* node = value->node();
  if (const auto norm = read_batch_norm(node)) {
    if (!with_input_ && is_network_input(node->input(0))) return std::nullopt;
    if (!all_fold(value, norm->scale.gt(0).all().item<bool>())) return std::nullopt;
    return Source{.value = node->input(0), .norm = *norm};
  }
  if (is_mean(node) || is_maximum(node)) return pooled(node);
  if (is_concatenation_of_known(node) && all_fold(value, false)) return concatenated(node);
  return std::nullopt;
}

/// Moves a batch norm from before the pool to after it.
std::optional<Source> Folding::pooled(Node* pool) {
  auto source = source_of(pool->input(0));
  if (!source) return std::nullopt;
  Value*& pooled = pooled_[pool];
  if (pooled == nullptr) {
    Node* moved = graph_.createClone(pool, [](Value* input) { return input; });
    moved->replaceInput(0, source->value);
    pooled = moved->insertBefore(pool)->output();
  }
  source->value = pooled;
  return source;
}

/// Concatenates what is before the batch norms, whose scales and shifts are concatenated, too.
std::optional<Source> Folding::concatenated(Node* cat) {
  bool any_norm = false;
  std::vector<Value*> parts;
  std::vector<at::Tensor> scales, shifts;
  for (Value* value : cat->input(0)->node()->inputs()) {
    const auto part = source_of(value);
    any_norm = any_norm || part;
    parts.push_back(part ? part->value : value);
    const std::int64_t channels = *channels_of(value);
    scales.push_back(part ? part->norm.scale : at::ones({channels}, at::kDouble));
    shifts.push_back(part ? part->norm.shift : at::zeros({channels}, at::kDouble));
  }
  if (!any_norm) return std::nullopt;
  const torch::jit::WithInsertPoint here(cat);
  Value* list = graph_.insertNode(graph_.createList(c10::TensorType::get(), parts))->output();
  Node* raw = graph_.createClone(cat, [](Value* input) { return input; });
  raw->replaceInput(0, list);
  return Source{.value = graph_.insertNode(raw)->output(),
                .norm = {.scale = at::cat(scales), .shift = at::cat(shifts)}};
}

void Folding::fold_into(const ConvolutionNode& receiver) {
  const auto source = source_of(receiver.input());
  if (!source || source->norm.scale.numel() != receiver.weight.size(1)) return;
  const NodeFunction convolution = maker_({.scale = source->norm.scale,
                                           .shift = source->norm.shift,
                                           .weight = receiver.weight,
                                           .bias = receiver.bias},
                                          receiver.geometry, receiver.relu != nullptr);
  const torch::jit::WithInsertPoint here(receiver.node);
  Value* result = insert_call(graph_, source->value, convolution);
  channels_[result] = receiver.weight.size(0);
  receiver.result()->replaceAllUsesWith(result);
  for (Node* node : {receiver.relu, receiver.node}) {
    if (node == nullptr) continue;
    channels_.erase(node->output());  // another value may get its address
    node->destroy();
  }
}

void fold(std::shared_ptr<Graph>& graph, Maker maker, bool with_input) {
  torch::jit::Inline(*graph);
  torch::jit::ConstantPropagation(graph);
  Folding(*graph, std::move(maker), with_input).run();
  torch::jit::EliminateDeadCode(graph);
}

}  // namespace

void fold_batch_norms(std::shared_ptr<Graph> graph) {
  if (!NormalizedConvolution::is_available()) return;
  fold(
      graph,
      [](const auto& plain, const auto& geometry, bool relu) {
        return NormalizedConvolution(plain, geometry, relu);
      },
      true);
}

void fold_batch_norms_on_device(std::shared_ptr<Graph> graph, LungrtPrecision precision,
                                bool channels_last) {
  fold(
      graph,
      [=](const auto& plain, const auto& geometry, bool relu) {
        return BiasMapConvolution(plain, geometry, relu, precision, channels_last);
      },
      BiasMapConvolution::may_include_input(precision));
}

}  // namespace lungrt::torchscript
