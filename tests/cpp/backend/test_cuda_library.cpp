#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <vector>

#include "backend/cuda_library.h"
#include "backend/registry.h"
#include "expect_error.h"
#include "lungrt/version.h"
#include "ops/cuda/driver_release.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

using testing::expect_error;

TEST(CudaLibrary, IsOpenedWhereEnginesAre) {
  const testing::TempFolder folder;
  setenv("LUNGRT_ENGINE_PATH", folder.path().c_str(), 1);
  expect_error(ErrorCode::kEngineUnavailable,
               {"the CUDA core is not installed", "liblungrt_cuda.so", "LUNGRT_ENGINE_PATH"},
               [] { cuda_library(); });
  std::filesystem::copy_file(CUDA_GOOD, folder.path() / "liblungrt_cuda.so");
  EXPECT_EQ(cuda_library().version(), "imagined CUDA 1.0");
  unsetenv("LUNGRT_ENGINE_PATH");
}

TEST(CudaLibrary, RefusesWhatDoesNotFit) {
  expect_error(ErrorCode::kUnsupportedVersion,
               {"CUDA core", "ABI 99", "this core has ABI 2", "from the same release"},
               [] { CudaLibrary{CUDA_WRONG_ABI}; });
  expect_error(ErrorCode::kUnsupportedVersion, {"belongs to lungrt 0.0.0", LUNGRT_VERSION},
               [] { CudaLibrary{CUDA_WRONG_CORE}; });
  expect_error(ErrorCode::kEngineUnavailable, {"is not a CUDA core library"},
               [] { CudaLibrary{CUDA_NO_TABLE}; });
  expect_error(ErrorCode::kEngineUnavailable, {"absent.so", "an NVIDIA driver"},
               [] { CudaLibrary{"/nowhere/absent.so"}; });
}

TEST(CudaLibrary, HasNoSuchDevice) {
  LungrtCudaScan* scan = nullptr;
  const CudaLibrary library(CUDA_GOOD);
  for (const std::int32_t index : {2, 99, -1}) {
    expect_error(ErrorCode::kDeviceUnavailable, {"was requested, but there are 2"},
                 [&] { CudaLibrary::call(library.table().open_scan, index, &scan); });
  }
  const CudaLibrary none(CUDA_NO_DRIVER);
  expect_error(ErrorCode::kDeviceUnavailable, {"cuda:0", "there are 0: no driver is installed"},
               [&] { CudaLibrary::call(none.table().open_scan, 0, &scan); });
}

TEST(CudaLibrary, SaysWhichDriverIsMissing) {
  LungrtCudaScan* scan = nullptr;
  const CudaLibrary old(CUDA_OLD_DRIVER);
  expect_error(ErrorCode::kUnsupportedVersion,
               {"driver 550.54.14 supports CUDA 12.4", "built with CUDA 13.0", "needs driver 580",
                "built with CUDA 12.8, which needs driver 525"},
               [&] { CudaLibrary::call(old.table().open_scan, 0, &scan); });
}

TEST(CudaLibrary, FindsTheDriversRelease) {
  using ops::cuda::driver_release;
  const testing::TempFolder folder;
  const auto release_in = [&](const char* text) {
    folder.write("version", text);
    return driver_release((folder.path() / "version").c_str());
  };
  EXPECT_EQ(release_in("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 "
                       "01:44:30 UTC 2024\nGCC version:  gcc version 12.2.0 (Debian)\n"),
            "550.54.14");
  EXPECT_EQ(release_in("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95  Release "
                       "Build\n"),
            "580.95");
  EXPECT_EQ(release_in("nothing of the kind\n"), "");
  EXPECT_EQ(driver_release("/nowhere/version"), "");
}

TEST(CudaLibrary, AddsUpBoxesOfAVolume) {
  const CudaLibrary library(CUDA_GOOD);
  const LungrtCudaTable& table = library.table();
  LungrtCudaScan* scan = nullptr;
  CudaLibrary::call(table.open_scan, 1, &scan);
  std::vector<std::int16_t> hu(3 * 4 * 5, 10);
  hu[0] = -3000;
  hu[1] = 3000;
  const LungrtCudaShape shape{3, 4, 5}, by{2, 4, 3};
  std::vector<std::int32_t> sums(4);
  CudaLibrary::call(table.load, scan, hu.data(), &shape, std::int64_t{0});
  CudaLibrary::call(table.block_sums, scan, &by, sums.data());
  EXPECT_EQ(sums, (std::vector<std::int32_t>{220 - 1024 + 1000, 160, 120, 80}));
  table.close_scan(scan);
}

/// The CUDA core of this build, if it has one. Without a device it must report that.
#ifdef REAL_CUDA_CORE
TEST(CudaLibrary, TheBuiltOneSaysWhatIsHere) {
  const CudaLibrary library(REAL_CUDA_CORE);
  EXPECT_EQ(library.version().rfind("CUDA ", 0), 0U) << library.version();
  LibraryText reason;
  const std::int32_t count = library.table().device_count(reason.out());
  if (count == 0) {
    EXPECT_NE(reason.string().find("driver"), std::string::npos) << reason.string();
  }
  LungrtCudaScan* scan = nullptr;
  expect_error(ErrorCode::kDeviceUnavailable, {"cuda:4096"},
               [&] { CudaLibrary::call(library.table().open_scan, 4096, &scan); });
}
#endif

}  // namespace
}  // namespace lungrt
