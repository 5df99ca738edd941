#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string>

#include "backend/loadable_engine.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::TempFolder;

/// Sets ONNXRUNTIME_ROOT while it lives; an empty value counts as unset.
class RootScope {
 public:
  explicit RootScope(const fs::path& root) { setenv("ONNXRUNTIME_ROOT", root.c_str(), 1); }
  ~RootScope() { unsetenv("ONNXRUNTIME_ROOT"); }
  RootScope(const RootScope&) = delete;
  RootScope& operator=(const RootScope&) = delete;
};

/// Expects that the engine fails with this error if the application names `folder` for its runtime.
void expect_refusal(ErrorCode code, std::initializer_list<const char*> words,
                    const fs::path& folder = {}) {
  expect_error(code, words, [&] {
    open_engine_library("onnxruntime", ONNXRUNTIME_ENGINE, "ONNX Runtime", folder);
  });
}

constexpr const char* kNoLibrary = "a text";

TEST(OnnxRuntimeLibrary, TooOldIsRefusedWithBothVersions) {
  const RootScope none("");
  const TempFolder folder;
  fs::copy_file(OLD_ONNXRUNTIME, folder.path() / "libonnxruntime.so.0.9.9");
  expect_refusal(ErrorCode::kUnsupportedVersion,
                 {"needs ONNX Runtime 1.14 or newer", "found 0.9.9", "libonnxruntime.so.0.9.9"},
                 folder.path());
}

TEST(OnnxRuntimeLibrary, AnotherLibraryOfThatNameIsRefused) {
  const RootScope none("");
  const TempFolder folder;
  fs::copy_file(ENGINE_NO_TABLE, folder.path() / "libonnxruntime.so");
  expect_refusal(ErrorCode::kUnsupportedVersion, {"is not ONNX Runtime", "OrtGetApiBase"},
                 folder.path());
}

TEST(OnnxRuntimeLibrary, OneThatCannotBeLoadedIsNamedWithTheReason) {
  const RootScope none("");
  const TempFolder folder;
  folder.write("libonnxruntime.so", kNoLibrary);
  expect_refusal(ErrorCode::kEngineUnavailable,
                 {"libonnxruntime.so cannot be loaded", "pip install onnxruntime"}, folder.path());
}

TEST(OnnxRuntimeLibrary, TheNewestOfSeveralIsTaken) {
  const RootScope none("");
  const TempFolder folder;
  for (const char* version : {"1.9.0", "1.32.0", "1.4.1"}) {
    folder.write("libonnxruntime.so." + std::string(version), kNoLibrary);
  }
  expect_refusal(ErrorCode::kEngineUnavailable, {"libonnxruntime.so.1.32.0 cannot be loaded"},
                 folder.path());
}

TEST(OnnxRuntimeLibrary, RootGoesBeforeTheFolderTold) {
  const TempFolder folder;
  const RootScope root(folder.path() / "root");
  folder.write("root/lib/libonnxruntime.so", kNoLibrary);
  folder.write("told/libonnxruntime.so", kNoLibrary);
  expect_refusal(ErrorCode::kEngineUnavailable, {"root/lib/libonnxruntime.so cannot be loaded"},
                 folder.path() / "told");
}

TEST(OnnxRuntimeLibrary, RootWithoutALibraryIsAnError) {
  const TempFolder folder;
  const RootScope root(folder.path() / "root");
  folder.write("told/libonnxruntime.so", kNoLibrary);
  expect_refusal(ErrorCode::kEngineUnavailable,
                 {"no libonnxruntime.so in ONNXRUNTIME_ROOT", "root"}, folder.path() / "told");
}

TEST(OnnxRuntimeLibrary, NoneAtAllSaysWhereItLooked) {
  if (dlopen("libonnxruntime.so.1", RTLD_LAZY) || dlopen("libonnxruntime.so", RTLD_LAZY)) {
    GTEST_SKIP() << "the system has an ONNX Runtime";
  }
  const RootScope none("");
  expect_refusal(
      ErrorCode::kEngineUnavailable,
      {"ONNX Runtime was not found", "/nowhere", "system's library folders", "ONNXRUNTIME_ROOT"},
      "/nowhere");
}

}  // namespace
}  // namespace lungrt
