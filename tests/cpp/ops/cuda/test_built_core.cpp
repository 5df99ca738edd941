// Separate program for the CUDA core that was built: which GPUs it has code for, and what it says
// of an old driver. For that, a stand-in for the driver is loaded before the core looks for it.

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backend/cuda_library.h"
#include "expect_error.h"

namespace lungrt {
namespace {

using testing::expect_error;

constexpr std::uint16_t kPtx = 1, kMachineCode = 2;

template <typename T>
T value_at(const std::vector<char>& file, std::size_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

/// Kind and architecture of each piece of device code in a library, as `cuobjdump --list-elf
/// --list-ptx` lists them. A fat binary is a header (magic number, version, size of the header,
/// size of what follows) and entries (kind, attributes, size of the header, size of the code; the
/// architecture is at byte 28).
std::set<std::pair<int, int>> device_code(const char* library) {
  std::ifstream stream(library, std::ios::binary);
  const std::vector<char> file{std::istreambuf_iterator<char>(stream), {}};
  std::set<std::pair<int, int>> found;
  for (std::size_t i = 0; i + 64 < file.size(); i += 8) {
    if (value_at<std::uint32_t>(file, i) != 0xBA55ED50) continue;
    std::size_t entry = i + value_at<std::uint16_t>(file, i + 6);
    const std::size_t end = entry + value_at<std::uint64_t>(file, i + 8);
    while (entry + 64 <= end && end <= file.size()) {
      found.emplace(value_at<std::uint16_t>(file, entry), value_at<std::int32_t>(file, entry + 28));
      entry += value_at<std::uint32_t>(file, entry + 4) + value_at<std::uint64_t>(file, entry + 8);
    }
  }
  return found;
}

TEST(BuiltCudaCore, HasCodeForEveryGpuSinceTuring) {
  const std::set<std::pair<int, int>> expected{
      {kMachineCode, 75}, {kMachineCode, 80}, {kMachineCode, 90}, {kMachineCode, 100}, {kPtx, 100}};
  EXPECT_EQ(device_code(CUDA_CORE), expected);
}

TEST(BuiltCudaCore, NamesAnOldDriverAndTheOneThatIsNeeded) {
  if (std::string(CUDA_VERSION).rfind("13.", 0) != 0) {
    GTEST_SKIP() << "CUDA " << CUDA_VERSION << " accepts a driver for CUDA 12.4";
  }
  ASSERT_NE(dlopen(FAKE_DRIVER, RTLD_NOW | RTLD_GLOBAL), nullptr) << dlerror();
  const CudaLibrary library(CUDA_CORE);
  LibraryText reason;
  EXPECT_EQ(library.table().device_count(reason.out()), 0);
  EXPECT_NE(reason.string().find("supports CUDA 12.4"), std::string::npos) << reason.string();
  LungrtCudaScan* scan = nullptr;
  expect_error(ErrorCode::kUnsupportedVersion,
               {"supports CUDA 12.4", "built with CUDA 13", "needs driver 580", "CUDA 12.8"},
               [&] { CudaLibrary::call(library.table().open_scan, 0, &scan); });
  EXPECT_EQ(scan, nullptr);
}

}  // namespace
}  // namespace lungrt
