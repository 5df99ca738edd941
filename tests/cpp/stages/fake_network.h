/// Fake networks, for tests of the stages without an engine.
#pragma once

#include <cstdint>
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
  /// \param runs  receives the number of items of each run; may be null
  FakeSession(SessionTraits traits, ItemFunction function, std::vector<std::int64_t>* runs)
      : traits_(traits), function_(std::move(function)), runs_(runs) {}
  const SessionTraits& traits() const override { return traits_; }
  std::unique_ptr<Workspace> new_workspace() const override {
    return std::make_unique<Workspace>();
  }
  void run(Workspace&, const TensorView& input, const TensorView& output) const override {
    const std::int64_t items = input.shape[0];
    if (runs_ != nullptr) runs_->push_back(items);
    const std::int64_t in = input.shape.elements() / items;
    const std::int64_t out = output.shape.elements() / items;
    for (std::int64_t i = 0; i < items; ++i) function_(input.data + i * in, output.data + i * out);
  }

 private:
  SessionTraits traits_;
  ItemFunction function_;
  std::vector<std::int64_t>* runs_;
};

/// Ensemble of fake networks with these functions.
/// \param runs  receives the number of items of each run; for a single run stream
inline Network fake_network(SessionTraits traits, std::vector<ItemFunction> functions,
                            OutputKind kind = OutputKind::kProbability,
                            std::vector<std::int64_t>* runs = nullptr) {
  std::vector<std::unique_ptr<Session>> members;
  for (ItemFunction& function : functions) {
    members.push_back(std::make_unique<FakeSession>(traits, std::move(function), runs));
  }
  return Network(std::move(members), kind);
}

}  // namespace lungrt::testing
