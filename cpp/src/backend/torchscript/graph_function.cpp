#include "backend/torchscript/graph_function.h"

#include <torch/csrc/jit/runtime/custom_operator.h>

#include <utility>

namespace lungrt::torchscript {
namespace {

using torch::jit::Node;
using torch::jit::Operation;
using torch::jit::Operator;
using torch::jit::Stack;
using torch::jit::Value;

struct Held : torch::CustomClassHolder {
  explicit Held(NodeFunction held) : function(std::move(held)) {}
  NodeFunction function;
};

c10::Symbol attribute() { return c10::Symbol::attr("function"); }

Operation operation_of(const Node* node) {
  const auto held = c10::static_intrusive_pointer_cast<Held>(node->ival(attribute()).toCapsule());
  return [held](Stack& stack) {
    const at::Tensor input = torch::jit::pop(stack).toTensor();
    torch::jit::push(stack, held->function(input));
  };
}

/// Registers the operator `lungrt::call`.
///
/// With the interpreter only: torch's dispatcher would refuse a second copy of this library. With a
/// variable number of inputs: for an operator with a fixed number, the interpreter makes a single
/// operation for all nodes. As an operator with side effects: nodes without are compared in order
/// to merge equal ones, and functions cannot be compared.
void register_once() {
  static const torch::jit::RegisterOperators registered({Operator(
      "lungrt::call(...) -> Tensor", operation_of, c10::AliasAnalysisKind::CONSERVATIVE)});
}

}  // namespace

Value* insert_call(torch::jit::Graph& graph, Value* input, NodeFunction function) {
  register_once();
  Node* call = graph.create(c10::Symbol::fromQualString("lungrt::call"), {input});
  call->ival_(attribute(),
              c10::IValue::make_capsule(c10::make_intrusive<Held>(std::move(function))));
  return graph.insertNode(call)->output()->setType(c10::TensorType::get());
}

}  // namespace lungrt::torchscript
