#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fake_network.h"
#include "stages/network.h"

namespace lungrt {
namespace {

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
