#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "backend/registry.h"
#include "expect_error.h"
#include "lungrt/engines.h"
#include "native/instruction_set.h"

namespace lungrt {
namespace {

using testing::expect_error;

TEST(Registry, RefusesUnknownNamesWithTheKnownOnes) {
  expect_error(ErrorCode::kInvalidArgument, {"'tensorflow'", "torchscript"},
               [] { engine("tensorflow"); });
}

// The test program contains the core, and there is no engine library beside it.
TEST(Registry, SaysWhereItLookedForAnEngine) {
  setenv("LUNGRT_ENGINE_PATH", "/nowhere/first:/nowhere/second", 1);
  expect_error(ErrorCode::kEngineUnavailable,
               {"liblungrt_torchscript.so", "/nowhere/first", "/nowhere/second"},
               [] { engine("torchscript"); });
  unsetenv("LUNGRT_ENGINE_PATH");
}

TEST(Registry, ListsAbsentEnginesWithTheReason) {
  const std::vector<EngineInfo> all = engines();
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(all[0].name, "native");  // part of the core: always available
  EXPECT_TRUE(all[0].available);
  const std::string kernels = native::to_string(native::best_instruction_set());
  EXPECT_EQ(all[0].devices, std::vector<std::string>{"cpu (" + kernels + ")"});
  EXPECT_EQ(all[0].precisions.at("cpu"), std::vector<std::string>{"fp32"});
  EXPECT_EQ(all[1].name, "torchscript");
  EXPECT_FALSE(all[1].available);
  EXPECT_NE(all[1].reason.find("is not installed"), std::string::npos) << all[1].reason;
}

TEST(Registry, FindsAnEngineByItsSearchPath) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "lungrt_engine_path";
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(ENGINE_GOOD, folder / "liblungrt_torchscript.so",
                             std::filesystem::copy_options::overwrite_existing);
  setenv("LUNGRT_ENGINE_PATH", folder.c_str(), 1);
  EXPECT_EQ(engine("torchscript").version(), "fake 1.0");
  unsetenv("LUNGRT_ENGINE_PATH");
  std::filesystem::remove_all(folder);
}

TEST(Registry, FindsAnEngineInTheFolderThatAnApplicationNamed) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "lungrt_library_folder";
  std::filesystem::create_directories(folder);
  set_engine_library_folder("onnxruntime", folder);
  expect_error(ErrorCode::kEngineUnavailable,
               {folder.c_str(), "install a build of lungrt that includes it"},
               [] { engine("onnxruntime"); });
  std::filesystem::copy_file(ENGINE_GOOD, folder / "liblungrt_onnxruntime.so",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(engine("onnxruntime").version(), "fake 1.0");
  EXPECT_EQ(engines()[2].library, folder / "liblungrt_onnxruntime.so");
  std::filesystem::remove_all(folder);
}

TEST(Registry, TellsHowAnApplicationGetsAnEngine) {
  set_engine_library_folder("aotinductor", "", "feed the inductor");
  expect_error(ErrorCode::kEngineUnavailable,
               {"is not installed", "; feed the inductor, or add its folder to LUNGRT_ENGINE_PATH"},
               [] { engine("aotinductor"); });
}

TEST(Registry, RefusesFoldersOfUnknownEngines) {
  expect_error(ErrorCode::kInvalidArgument, {"'tensorflow'"},
               [] { set_engine_library_folder("tensorflow", "/nowhere"); });
}

// This program contains the core's objects. The name that it was started with must not matter.
TEST(Registry, KnowsTheProgramItLiesInWhereverTheProcessStands) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path("/");
  const auto location = core_location();
  std::filesystem::current_path(before);
  EXPECT_EQ(location, std::filesystem::read_symlink("/proc/self/exe"));
}

}  // namespace
}  // namespace lungrt
