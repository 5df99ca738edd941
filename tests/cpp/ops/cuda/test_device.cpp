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
#include "ops/components.h"
#include "ops/context.h"
#include "stages/device_scan.h"
#include "stages/slice_parts.h"

namespace lungrt {
namespace {

using testing::whole_slices;

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

std::vector<float> read(PlacedScan& scan, const float* values, std::size_t count) {
  const float* host = scan.tensors().on_host(values, static_cast<std::int64_t>(count));
  return {host, host + count};
}

/// Runs all operations of a scan on both. Only volumes can be copied to the device, so the
/// probabilities are made of the volume's values on both.
void expect_equal(PlacedScan& device, const Case& from) {
  const std::unique_ptr<PlacedScan> host = scan_on_host(device.volume());
  const ops::PaddedSize padded = ops::padded_size(from.shape, from.input);
  const std::int64_t channels = 2 * from.input.context_slices + 1;
  const std::int64_t item = channels * padded.height * padded.width;
  constexpr std::int64_t kItems = 2;
  const auto values = device.tensors().allocator()->allocate(kItems * item);
  std::vector<float> expected(static_cast<std::size_t>(kItems * item));
  for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
    device.stack_context(whole_slices(from.shape, 0, kItems), from.input, layout, values.get());
    host->stack_context(whole_slices(from.shape, 0, kItems), from.input, layout, expected.data());
    ASSERT_EQ(read(device, values.get(), expected.size()), expected);
  }

  // One channel, unscaled: the volume's values serve as probabilities.
  InputContract plain = from.input;
  plain.context_slices = 0;
  plain.scale = 1.0F / 2048.0F;
  plain.offset = 0.0F;
  const TensorShape shape{1, 1, padded.height, padded.width};
  for (const float threshold : {-0.45F, -0.2F, 0.2F}) {
    for (std::int64_t slice = 0; slice < from.shape.slices; ++slice) {
      device.stack_context(whole_slices(from.shape, slice, 1), plain, Layout::kNchw, values.get());
      device.threshold(values.get(), shape, threshold, whole_slices(from.shape, slice, 1));
      host->stack_context(whole_slices(from.shape, slice, 1), plain, Layout::kNchw,
                          expected.data());
      host->threshold(expected.data(), shape, threshold, whole_slices(from.shape, slice, 1));
    }
    device.finish_mask();
    const ops::Components found = device.eroded_components(), wanted = host->eroded_components();
    ASSERT_EQ(found.voxels, wanted.voxels);
    ASSERT_EQ(found.components.size(), wanted.components.size());
    for (std::size_t c = 0; c < wanted.components.size(); ++c) {
      ASSERT_EQ(found.components[c].voxels, wanted.components[c].voxels) << c;
      ASSERT_EQ(found.components[c].center, wanted.components[c].center) << c;
      ASSERT_EQ(found.components[c].dilated_voxels, wanted.components[c].dilated_voxels) << c;
    }
  }
  ASSERT_EQ(device.mask().count(), host->mask().count());

  const VoxelIndex last{from.shape.slices - 2, from.shape.rows - 5, from.shape.columns - 7};
  const std::vector<VoxelIndex> origins{{0, 0, 0}, last, {1, 1, 1}};
  device.gather_crops(origins.data(), 3, from.input, values.get());
  scan_on_host(device.volume())->gather_crops(origins.data(), 3, from.input, expected.data());
  expected.resize(3 * 70);
  ASSERT_EQ(read(device, values.get(), expected.size()), expected);
}

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
    expect_equal(*places_->place(volume, 0), made);
  }
}

TEST_F(Device, TwoScansAtOnceEqualTheCpu) {
  const Case first({12, 128, 130}), second({10, 100, 190});
  const CtVolume a = first.volume(), b = second.volume();
  std::jthread other([&] {
    for (int round = 0; round < 3; ++round) expect_equal(*places_->place(b, 0), second);
  });
  for (int round = 0; round < 3; ++round) expect_equal(*places_->place(a, 0), first);
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
