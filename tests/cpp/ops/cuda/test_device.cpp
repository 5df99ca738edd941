// Separate program for machines with a GPU: compares the CUDA core with the CPU's operators, bit
// for bit. Without a device all tests are skipped, with the reason.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "lungrt/error.h"
#include "stages/device_scan.h"
#include "stages/scan_comparison.h"

namespace lungrt {
namespace {

using testing::expect_the_hosts_results;

const CudaLibrary& library() {
  const char* named = std::getenv("LUNGRT_CUDA_CORE");  // a CUDA core that was built elsewhere
  static const CudaLibrary opened(named != nullptr ? named : CUDA_CORE);
  return opened;
}

/// Volume whose thresholded mask has components of many shapes: blobs, slabs and tubes, with holes.
struct Case {
  explicit Case(const VolumeShape& size)
      : shape(size), hu(static_cast<std::size_t>(size.voxels())) {
    std::mt19937 random(7);
    std::size_t i = 0;
    for (std::int64_t z = 0; z < shape.slices; ++z)
      for (std::int64_t y = 0; y < shape.rows; ++y)
        for (std::int64_t x = 0; x < shape.columns; ++x, ++i) {
          const bool blob = (x / 9 + y / 7 + z / 5) % 3 != 0;
          const bool tube = y % 40 < 4 && z % 20 < 4;
          const int base = (blob || tube) && random() % 100 < 97 ? 100 : -700;
          hu[i] = static_cast<std::int16_t>(base + static_cast<int>(random() % 600) - 300);
        }
    input.context_slices = 3;
    input.size_multiple = 8;
    input.scale = 0.00137F;
    input.offset = 0.29F;
    input.crop = {2, 5, 7};
  }
  CtVolume volume() const { return {hu.data(), shape, {}, nullptr}; }

  VolumeShape shape;
  std::vector<std::int16_t> hu;
  InputContract input;
};

class Device : public ::testing::Test {
 protected:
  void SetUp() override {
    LibraryText reason;
    if (library().table().device_count(reason.out()) == 0) {
      GTEST_SKIP() << "no CUDA device: " << reason.string();
    }
    places_.emplace(library(), lungrt::Device{DeviceKind::kCuda, 0});
  }
  std::optional<DeviceScanPool> places_;
};

TEST_F(Device, EqualsTheCpu) {
  for (const VolumeShape shape :
       {VolumeShape{3, 6, 8}, {5, 40, 63}, {6, 33, 129}, {9, 50, 200}, {24, 256, 256}}) {
    SCOPED_TRACE(std::to_string(shape.columns) + " columns");
    const Case made(shape);
    const CtVolume volume = made.volume();
    expect_the_hosts_results(*places_->place(volume, 0), made.input);
  }
}

TEST_F(Device, TwoScansAtOnceEqualTheCpu) {
  const Case first({12, 128, 130}), second({10, 100, 190});
  const CtVolume a = first.volume(), b = second.volume();
  std::jthread other([&] {
    for (int round = 0; round < 3; ++round)
      expect_the_hosts_results(*places_->place(b, 0), second.input);
  });
  for (int round = 0; round < 3; ++round)
    expect_the_hosts_results(*places_->place(a, 0), first.input);
}

TEST_F(Device, MemoryThatIsNotThereIsRefusedWithNumbers) {
  const Case made({3, 6, 8});
  const CtVolume volume = made.volume();
  try {
    places_->place(volume, std::int64_t{1} << 50);
    FAIL() << "a petabyte was found";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
    EXPECT_NE(std::string(error.what()).find("are free"), std::string::npos) << error.what();
  }
  const std::unique_ptr<PlacedScan> scan = places_->place(volume, 0);
  try {
    scan->tensors().allocator()->allocate(std::int64_t{1} << 48);
    FAIL() << "a petabyte was found";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
    EXPECT_NE(std::string(error.what()).find("on cuda:0"), std::string::npos);
  }
}

TEST_F(Device, OneThatIsNotThereIsRefused) {
  EXPECT_THROW(DeviceScanPool(library(), {DeviceKind::kCuda, 63}), Error);
}

}  // namespace
}  // namespace lungrt
