#include <gtest/gtest.h>

#include <vector>

#include "backend/compiled_session.h"
#include "backend/loadable_engine.h"
#include "expect_error.h"

namespace lungrt {
namespace {

using testing::expect_error;

/// Network for slices of 2 x 3 and 4 x 1 with a halo of 1, run by an engine that returns the mean
/// of its input.
class CompiledSessionTest : public ::testing::Test {
 protected:
  CompiledSessionTest() : engine_(open_engine_library("fake", ENGINE_GOOD, "Fake 1")) {
    SessionRequest request;
    request.artifact = "broken.fake";  // replaced by the file of each model
    session_ = open_compiled(*engine_, models_, request, {1, "lungrt compile here"});
    workspace_ = session_->new_workspace();
  }

  /// Runs an input of zeros and returns the first value of the output.
  float run(const TensorShape& input, const TensorShape& output, Layout layout = Layout::kNhwc,
            Layout output_layout = Layout::kNchw, Device device = {}) {
    std::vector<float> in(static_cast<std::size_t>(input.elements()), 0.25F);
    std::vector<float> out(static_cast<std::size_t>(output.elements()), -1.0F);
    session_->run(*workspace_, {in.data(), input, layout, device},
                  {out.data(), output, output_layout, {}});
    return out.front();
  }

  std::vector<CompiledModel> models_{{"first.fake", {1, 3, 4, 5}, {1, 1, 2, 3}, true},
                                     {"second.fake", {1, 3, 6, 3}, {1, 1, 4, 1}, true}};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Workspace> workspace_;
};

TEST_F(CompiledSessionTest, IsFedAsItWasCompiled) {
  EXPECT_EQ(session_->traits().layout, Layout::kNhwc);
  EXPECT_EQ(session_->traits().batch, 1);        // from the record; the engine reports 3
  EXPECT_EQ(session_->traits().run_streams, 2);  // from the engine
}

TEST_F(CompiledSessionTest, RunsEverySize) {
  EXPECT_FLOAT_EQ(run({1, 3, 4, 5}, {1, 1, 2, 3}), 0.25F);
  EXPECT_FLOAT_EQ(run({1, 3, 6, 3}, {1, 1, 4, 1}), 0.25F);
}

TEST_F(CompiledSessionTest, RefusesOtherSizesWithTheCommandThatCompilesThem) {
  expect_error(
      ErrorCode::kInvalidArgument,
      {"compiled for slices of 2 x 3, 4 x 1", "got 2 x 2", "run `lungrt compile here --size 2x2`"},
      [&] { run({1, 3, 4, 4}, {1, 1, 2, 2}); });
}

TEST_F(CompiledSessionTest, RefusesAnotherBatchChannelsOrRank) {
  expect_error(ErrorCode::kInvalidArgument, {"[1, 3, 4, 5]", "[2, 3, 4, 5]"},
               [&] { run({2, 3, 4, 5}, {2, 1, 2, 3}); });
  expect_error(ErrorCode::kInvalidArgument, {"[1, 3, 4, 5]", "[1, 5, 4, 3]"},
               [&] { run({1, 5, 4, 3}, {1, 1, 2, 3}); });
  expect_error(ErrorCode::kInvalidArgument, {"[1, 3, 4, 5]", "[1, 3, 20]"},
               [&] { run({1, 3, 20}, {1, 1, 2, 3}); });
}

TEST_F(CompiledSessionTest, RefusesAnotherLayout) {
  expect_error(ErrorCode::kInvalidArgument,
               {"an input in NHWC (channels last) layout", "another layout"},
               [&] { run({1, 3, 4, 5}, {1, 1, 2, 3}, Layout::kNchw); });
  expect_error(ErrorCode::kInvalidArgument, {"an output in NCHW layout"},
               [&] { run({1, 3, 4, 5}, {1, 1, 2, 3}, Layout::kNhwc, Layout::kNhwc); });
}

TEST_F(CompiledSessionTest, RefusesAnotherOutput) {
  expect_error(ErrorCode::kInvalidArgument, {"output of [1, 1, 2, 3], got [1, 1, 3, 2]"},
               [&] { run({1, 3, 4, 5}, {1, 1, 3, 2}); });
}

TEST_F(CompiledSessionTest, RefusesMemoryOfAnotherDevice) {
  expect_error(ErrorCode::kInvalidArgument, {"compiled for the CPU"}, [&] {
    run({1, 3, 4, 5}, {1, 1, 2, 3}, Layout::kNhwc, Layout::kNchw, {DeviceKind::kCuda, 0});
  });
}

TEST_F(CompiledSessionTest, RefusesOtherCrops) {
  const auto crops =
      open_compiled(*engine_, {{"c.fake", {2, 1, 4, 4, 4}, {2, 2}, false}}, {}, {0, "x"});
  EXPECT_EQ(crops->traits().layout, Layout::kNchw);
  const auto workspace = crops->new_workspace();
  std::vector<float> values(256);
  expect_error(ErrorCode::kInvalidArgument, {"[2, 1, 4, 4, 4]", "[2, 1, 4, 4, 5]"}, [&] {
    crops->run(*workspace, {values.data(), {2, 1, 4, 4, 5}, Layout::kNchw, {}},
               {values.data(), {2, 2}, Layout::kNchw, {}});
  });
}

TEST_F(CompiledSessionTest, TellsWhatTheEngineCannotOpen) {
  expect_error(ErrorCode::kBadBundle, {"cannot read the artifact"}, [&] {
    open_compiled(*engine_, {{"damaged.fake", {1, 1, 1, 1}, {1, 1, 1, 1}, false}}, {}, {});
  });
}

}  // namespace
}  // namespace lungrt
