#include <gtest/gtest.h>

#include "backend/loadable_engine.h"
#include "core/bundle/compiled_files.h"
#include "expect_error.h"
#include "stages/network.h"

namespace lungrt {
namespace {

using nlohmann::json;
using testing::CompiledFiles;
using testing::expect_error;

class CompiledNetwork : public ::testing::Test {
 protected:
  Network open(StageKind kind) const {
    const Bundle bundle = files_.bundle();
    return open_network(bundle, bundle.required_stage(kind), *engine_, {});
  }

  CompiledFiles files_;
  std::unique_ptr<Engine> engine_ = open_engine_library("aotinductor", ENGINE_COMPILED, "Fake 1");
};

TEST_F(CompiledNetwork, IsFoundInTheCacheAndNotInTheBundle) {
  files_.write(files_.record());
  const Network network = open(StageKind::kSegmentation);
  EXPECT_EQ(network.traits().batch, 1);
  EXPECT_EQ(network.traits().layout, Layout::kNhwc);

  const Network::Lease scratch = network.lease();
  const TensorShape input{1, 7, 56, 64};
  std::fill_n(scratch->input.reserve(input.elements()), input.elements(), 0.5F);
  network.run(*scratch, input, {1, 1, 16, 24});
  EXPECT_FLOAT_EQ(scratch->output.data()[0], 0.5F);
  scratch->input.reserve(7 * 60 * 64);
  expect_error(ErrorCode::kInvalidArgument,
               {"compiled for slices of 16 x 24", "got 20 x 24", "lungrt compile", "--size 20x24"},
               [&] { network.run(*scratch, {1, 7, 60, 64}, {1, 1, 20, 24}); });
}

TEST_F(CompiledNetwork, IsLookedUpForEveryMember) {
  json record = files_.record();
  record["input"] = {{"shape", {4, 1, 32, 48, 40}}, {"layout", "planes"}, {"dtype", "float32"}};
  record["output"]["shape"] = {4, 2};
  files_.write(record, "32x48x40", StageKind::kNodule, 0);
  expect_error(ErrorCode::kEngineUnavailable, {"stage nodule", "member-1"},
               [&] { open(StageKind::kNodule); });
  files_.write(record, "32x48x40", StageKind::kNodule, 1);
  EXPECT_EQ(open(StageKind::kNodule).traits().batch, 4);
}

TEST_F(CompiledNetwork, OfCropsMustHaveTheBundlesCrop) {
  json record = files_.record();
  record["input"] = {{"shape", {4, 1, 32, 48, 48}}, {"layout", "planes"}, {"dtype", "float32"}};
  record["output"]["shape"] = {4, 2};
  files_.write(record, "32x48x48", StageKind::kNodule, 0);
  expect_error(ErrorCode::kBadBundle, {"input.shape", "of the bundle's crop"},
               [&] { open(StageKind::kNodule); });
}

}  // namespace
}  // namespace lungrt
