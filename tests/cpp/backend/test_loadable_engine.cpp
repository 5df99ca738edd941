#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/engine_table.h"
#include "backend/loadable_engine.h"
#include "expect_error.h"
#include "lungrt/version.h"

namespace lungrt {
namespace {

using testing::expect_error;

TEST(LoadableEngine, RunsANetworkThroughTheTable) {
  const auto engine = open_engine_library("fake", ENGINE_GOOD, "Fake 1");
  EXPECT_EQ(engine->name(), "fake");
  EXPECT_EQ(engine->version(), "fake 1.0");
  EXPECT_EQ(engine->artifact_format(), "fake");
  EXPECT_EQ(engine->device_count(DeviceKind::kCuda), 0);
  EXPECT_EQ(engine->device_name({}), "imagination");

  SessionRequest request;
  request.artifact = "model.fake";
  const auto session = engine->open(request);
  EXPECT_EQ(session->traits().layout, Layout::kNhwc);
  EXPECT_EQ(session->traits().batch, 3);
  EXPECT_EQ(session->traits().run_streams, 2);

  std::vector<float> in{1, 2, 3, 4};
  std::vector<float> out(2, -1.0F);
  const auto workspace = session->new_workspace();
  session->run(*workspace, {in.data(), {2, 1, 1, 2}, Layout::kNchw, {}},
               {out.data(), {2, 1}, Layout::kNchw, {}});
  EXPECT_FLOAT_EQ(out[0], 1.5F);
  EXPECT_FLOAT_EQ(out[1], 3.5F);
}

TEST(LoadableEngine, TranslatesFailures) {
  const auto engine = open_engine_library("fake", ENGINE_GOOD, "Fake 1");
  SessionRequest request;
  request.artifact = "damaged.fake";
  expect_error(ErrorCode::kBadBundle, {"engine fake", "cannot read the artifact"},
               [&] { engine->open(request); });
  request.artifact = "broken.fake";
  const auto session = engine->open(request);
  const auto workspace = session->new_workspace();
  std::vector<float> values(1);
  const TensorView view{values.data(), {1, 1}, Layout::kNchw, {}};
  expect_error(ErrorCode::kInference, {"the network is broken"},
               [&] { session->run(*workspace, view, view); });
}

TEST(LoadableEngine, RefusesAnotherAbi) {
  const std::string ours = "this core has ABI " + std::to_string(LUNGRT_ENGINE_ABI);
  expect_error(ErrorCode::kUnsupportedVersion, {"ABI 99", ours.c_str()},
               [] { open_engine_library("fake", ENGINE_WRONG_ABI, "Fake 1"); });
}

TEST(LoadableEngine, RefusesAnotherCore) {
  expect_error(ErrorCode::kUnsupportedVersion, {"lungrt 0.0.0", LUNGRT_VERSION},
               [] { open_engine_library("fake", ENGINE_WRONG_CORE, "Fake 1"); });
}

TEST(LoadableEngine, RefusesAnotherRuntime) {
  expect_error(ErrorCode::kUnsupportedVersion, {"was built for fake 2"},
               [] { open_engine_library("fake", ENGINE_WRONG_RUNTIME, "Fake 1"); });
}

TEST(LoadableEngine, SaysThatARuntimeIsMissing) {
  expect_error(ErrorCode::kEngineUnavailable, {"engine fake"},
               [] { open_engine_library("fake", ENGINE_NO_RUNTIME, "Fake 1"); });
}

TEST(LoadableEngine, RefusesOptionsThatTheEngineDoesNotHave) {
  const auto engine = open_engine_library("fake", ENGINE_GOOD, "Fake 1");
  SessionRequest request;
  request.artifact = "model.fake";
  request.options = {{"flavour", "sweet"}};
  EXPECT_NE(engine->open(request), nullptr);
  request.options = {{"colour", "red"}};
  expect_error(ErrorCode::kInvalidArgument, {"it knows the option flavour"},
               [&] { engine->open(request); });
}

TEST(LoadableEngine, RefusesALibraryThatIsNoEngine) {
  expect_error(ErrorCode::kEngineUnavailable, {"not an engine library"},
               [] { open_engine_library("fake", ENGINE_NO_TABLE, "Fake 1"); });
}

TEST(LoadableEngine, SaysWhyALibraryCannotBeLoaded) {
  expect_error(ErrorCode::kEngineUnavailable, {"absent.so", "It needs Fake 1"},
               [] { open_engine_library("fake", "/nowhere/absent.so", "Fake 1"); });
}

}  // namespace
}  // namespace lungrt
