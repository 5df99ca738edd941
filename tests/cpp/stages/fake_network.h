/// Fake networks, for tests of the stages without an engine.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "stages/network.h"

namespace lungrt::testing {

/// Function of a fake network: computes one output item from one input item.
using ItemFunction = std::function<void(const float* input, float* output)>;

class FakeSession final : public Session {
 public:
  FakeSession(SessionTraits traits, ItemFunction function)
      : traits_(traits), function_(std::move(function)) {}
  const SessionTraits& traits() const override { return traits_; }
  std::unique_ptr<Workspace> new_workspace() const override {
    return std::make_unique<Workspace>();
  }
  void run(Workspace&, const TensorView& input, const TensorView& output) const override {
    const std::int64_t items = input.shape[0];
    const std::int64_t in = input.shape.elements() / items;
    const std::int64_t out = output.shape.elements() / items;
    for (std::int64_t i = 0; i < items; ++i) function_(input.data + i * in, output.data + i * out);
  }

 private:
  SessionTraits traits_;
  ItemFunction function_;
};

/// Ensemble of fake networks with these functions.
inline Network fake_network(SessionTraits traits, std::vector<ItemFunction> functions,
                            OutputKind kind = OutputKind::kProbability) {
  std::vector<std::unique_ptr<Session>> members;
  for (ItemFunction& function : functions) {
    members.push_back(std::make_unique<FakeSession>(traits, std::move(function)));
  }
  return Network(std::move(members), kind);
}

}  // namespace lungrt::testing
