#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend/cuda_driver.h"
#include "backend/onnxruntime/cuda_libraries.h"
#include "temp_folder.h"

namespace lungrt {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;

TEST(CudaLibraries, AreLoadedFromThePackagesBesideTheRuntimes) {
  const TempFolder site_packages;
  const fs::path lib = site_packages.path() / "nvidia/cu13/lib";
  fs::create_directories(lib);
  // Any library will do here. A library that is not CUDA's, and one that cannot be loaded, are
  // skipped.
  for (const char* name : {"libcublas.so.13", "libcudart.so.13", "libother.so.1"}) {
    fs::copy_file(ENGINE_GOOD, lib / name);
  }
  site_packages.write("nvidia/cudnn/lib/libcudnn.so.9", "a text");
  const auto runtime = site_packages.path() / "onnxruntime/capi/libonnxruntime.so.1.32.0";
  EXPECT_EQ(onnxruntime::preload_cuda_libraries(runtime),
            (std::vector<std::string>{"libcudart.so.13", "libcublas.so.13"}));
  EXPECT_NE(dlopen((lib / "libcublas.so.13").c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr);
  EXPECT_EQ(dlopen((lib / "libother.so.1").c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr);
}

TEST(CudaLibraries, NoPackagesAreNoError) {
  EXPECT_TRUE(onnxruntime::preload_cuda_libraries("/usr/lib/libonnxruntime.so.1").empty());
}

TEST(CudaDriver, SaysWhatItLacksAndNeverMoreThanThereIs) {
  const int count = cuda_driver::device_count();
  EXPECT_GE(count, 0);
  for (int index = 0; index < count; ++index) EXPECT_NE(cuda_driver::device_name(index), "");
  EXPECT_THROW(cuda_driver::device_name(count), std::runtime_error);
  for (int index = 0; index < count; ++index) EXPECT_GT(cuda_driver::generation(index), 2);
  EXPECT_EQ(cuda_driver::generation(count), 0);
}

}  // namespace
}  // namespace lungrt
