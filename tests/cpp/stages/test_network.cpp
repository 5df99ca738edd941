#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "expect_error.h"
#include "fake_network.h"
#include "lungrt/log.h"
#include "stages/network.h"

namespace lungrt {
namespace {

using testing::expect_error;
using testing::fake_network;
using testing::ItemFunction;

ItemFunction constant(std::vector<float> values) {
  return [values](const float*, float* output) { std::copy(values.begin(), values.end(), output); };
}

std::vector<float> run_once(const Network& network, const TensorShape& output_shape) {
  const Network::Lease scratch = network.lease();
  const TensorShape input_shape{output_shape[0], 1};
  scratch->input.reserve(input_shape.elements());
  network.run(*scratch, input_shape, output_shape);
  return {scratch->output.data(), scratch->output.data() + output_shape.elements()};
}

TEST(Network, GivesTheMeanOfAnEnsemble) {
  const Network network = fake_network({}, {constant({0.1F, 0.9F}), constant({0.5F, 0.5F})});
  const auto output = run_once(network, {2, 2});
  for (std::size_t item = 0; item < 2; ++item) {
    EXPECT_FLOAT_EQ(output[2 * item], 0.3F);
    EXPECT_FLOAT_EQ(output[2 * item + 1], 0.7F);
  }
}

TEST(Network, TurnsLogitsIntoProbabilities) {
  const Network two = fake_network({}, {constant({1.0F, 3.0F})}, OutputKind::kLogits);
  const auto softmax = run_once(two, {1, 2});
  EXPECT_NEAR(softmax[1], 1.0 / (1.0 + std::exp(-2.0)), 1e-6);
  EXPECT_NEAR(softmax[0] + softmax[1], 1.0, 1e-6);

  const Network one = fake_network({}, {constant({-200.0F})}, OutputKind::kLogits);
  EXPECT_EQ(run_once(one, {1, 1})[0], 0.0F);
}

TEST(Network, DoesNotHideANaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& logits : {std::vector<float>{nan, 1.0F}, std::vector<float>{1.0F, nan}}) {
    const Network network = fake_network({}, {constant(logits)}, OutputKind::kLogits);
    EXPECT_TRUE(std::isnan(run_once(network, {1, 2})[1]));
  }
}

/// Returns the first value of each item; has memory for a limited number of items.
class SmallSession final : public Session {
 public:
  SmallSession(std::int64_t most, bool fixed_batch, std::vector<std::int64_t>* runs)
      : traits_{Layout::kNchw, 5, 1, fixed_batch}, most_(most), runs_(runs) {}
  const SessionTraits& traits() const override { return traits_; }
  std::unique_ptr<Workspace> new_workspace() const override {
    return std::make_unique<Workspace>();
  }
  void run(Workspace&, const TensorView& input, const TensorView& output) const override {
    runs_->push_back(input.shape[0]);
    if (input.shape[0] > most_) throw Error(ErrorCode::kOutOfMemory, "no memory left");
    std::copy(input.data, input.data + input.shape[0], output.data);
  }

 private:
  SessionTraits traits_;
  std::int64_t most_;
  std::vector<std::int64_t>* runs_;
};

std::vector<float> run_five(std::int64_t most, bool fixed_batch, std::vector<std::int64_t>& runs) {
  std::vector<std::unique_ptr<Session>> members;
  members.push_back(std::make_unique<SmallSession>(most, fixed_batch, &runs));
  const Network network(std::move(members), OutputKind::kProbability);
  const Network::Lease scratch = network.lease();
  float* input = scratch->input.reserve(5);
  for (int i = 0; i < 5; ++i) input[i] = 0.1F * static_cast<float>(i);
  network.run(*scratch, {5, 1}, {5, 1});
  return {scratch->output.data(), scratch->output.data() + 5};
}

TEST(Network, HalvesABatchOnceWhereMemoryRunsOut) {
  std::vector<std::int64_t> runs;
  EXPECT_EQ(run_five(3, false, runs), (std::vector<float>{0.0F, 0.1F, 0.2F, 0.1F * 3, 0.4F}));
  EXPECT_EQ(runs, (std::vector<std::int64_t>{5, 3, 2}));

  runs.clear();
  expect_error(ErrorCode::kOutOfMemory, {"no memory left"}, [&] { run_five(2, false, runs); });
  EXPECT_EQ(runs, (std::vector<std::int64_t>{5, 3}));

  runs.clear();
  expect_error(ErrorCode::kOutOfMemory, {"no memory left"}, [&] { run_five(3, true, runs); });
  EXPECT_EQ(runs, (std::vector<std::int64_t>{5}));
}

TEST(Network, TellsThatABatchWasHalved) {
  std::vector<std::string> heard;
  set_log_callback([&](LogLevel level, const char* message) {
    heard.push_back(std::string(to_string(level)) + ": " + message);
  });
  std::vector<std::int64_t> runs;
  run_five(3, false, runs);
  set_log_callback({});
  EXPECT_EQ(heard,
            (std::vector<std::string>{
                "warning: out of memory for a batch of 5 items; running it again in two halves"}));
}

TEST(Network, ReusesScratchOnceItIsGivenBack) {
  const Network network = fake_network({}, {constant({0.5F})});
  const Network::Scratch* first = nullptr;
  {
    const Network::Lease lease = network.lease();
    first = &*lease;
    const Network::Lease other = network.lease();
    EXPECT_NE(&*other, first);
  }
  const Network::Lease again = network.lease();
  EXPECT_EQ(&*again, first);
}

}  // namespace
}  // namespace lungrt
