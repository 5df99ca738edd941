#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "expect_error.h"
#include "ops/context.h"
#include "stages/device_scan.h"
#include "stages/scan_comparison.h"
#include "stages/slice_parts.h"

namespace lungrt {
namespace {

using testing::expect_error;
using testing::expect_same;
using testing::expect_the_hosts_results;
using testing::values_on_host;
using testing::whole_slices;

/// A device scan and a host scan of one volume: the same operations must give the same results.
class DeviceScans : public ::testing::Test {
 protected:
  DeviceScans() {
    std::mt19937 random(5);
    for (auto& value : hu_)
      value = static_cast<std::int16_t>(static_cast<int>(random() % 3000) - 1500);
    input_.hu_window = {-900.0F, 800.0F};
    input_.scale = 0.0011F;
    input_.offset = 0.37F;
    input_.context_slices = 2;
    input_.size_multiple = 8;
    input_.halo = 3;
    input_.crop = {2, 3, 5};
  }

  VolumeShape shape_{6, 11, 70};
  std::vector<std::int16_t> hu_ = std::vector<std::int16_t>(6 * 11 * 70);
  CtVolume volume_{hu_.data(), shape_, {}, nullptr};
  InputContract input_;
  CudaLibrary library_{CUDA_GOOD};
  DeviceScanPool places_{library_, {DeviceKind::kCuda, 1}};
};

TEST_F(DeviceScans, AreTheHostsToTheBit) {
  const std::unique_ptr<PlacedScan> device = places_.place(volume_, 0),
                                    host = scan_on_host(volume_);
  EXPECT_EQ(to_string(device->tensors().device()), "cuda:1");
  EXPECT_NE(device->tensors().stream(), nullptr);

  const RunOptions options;
  const RunControl control(options);
  for (const ops::BlockSize block : {ops::BlockSize{1, 1, 1}, {2, 3, 4}, {9, 20, 7}}) {
    const ops::Cells<std::int32_t> found = device->block_sums(block, 1, control);
    const ops::Cells<std::int32_t> expected = host->block_sums(block, 2, control);
    ASSERT_EQ(found.shape(), expected.shape());
    EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin()));
  }

  EXPECT_GT(expect_the_hosts_results(*device, input_), 1U);
}

TEST_F(DeviceScans, TakeWindowsAsTheHostDoes) {
  const std::unique_ptr<PlacedScan> device = places_.place(volume_, 0),
                                    host = scan_on_host(volume_);
  // Two with the same windows, one with another window, one of a slice that is not consecutive.
  const ops::SliceWindow seen{1, 5, 8, 40}, known{3, 9, 5, 33};
  const std::vector<SlicePart> parts{
      {1, seen, known}, {2, seen, known}, {3, {2, 30, 8, 40}, {4, 30, 6, 40}}, {5, seen, known}};
  const ops::PaddedSize padded = ops::padded_size(seen.rows, seen.columns, input_);
  const auto count = static_cast<std::size_t>(4 * 5 * padded.height * padded.width);
  const auto values = device->tensors().allocator()->allocate(static_cast<std::int64_t>(count));
  std::vector<float> expected(count);
  device->stack_context(parts, input_, Layout::kNchw, values.get());
  host->stack_context(parts, input_, Layout::kNchw, expected.data());
  EXPECT_EQ(values_on_host(*device, values.get(), count), expected);
  const TensorShape probabilities{4, 1, padded.height, padded.width};
  device->threshold(values.get(), probabilities, -0.3F, parts);
  host->threshold(expected.data(), probabilities, -0.3F, parts);
  device->finish_mask();
  const NoduleMask mask = device->mask(), host_mask = host->mask();
  EXPECT_GT(mask.count(), 50);
  expect_same(mask, host_mask);
}

TEST_F(DeviceScans, DoToTensorsWhatTheHostDoes) {
  const std::unique_ptr<PlacedScan> scan = places_.place(volume_, 0);
  const auto a = scan->tensors().allocator()->allocate(12),
             b = scan->tensors().allocator()->allocate(12);
  std::vector<float> first(12), second(12);
  for (std::size_t i = 0; i < 12; ++i) {
    a.get()[i] = first[i] =
        0.3F * static_cast<float>(i) - 2.0F;  // the fake device's memory is host memory
    b.get()[i] = second[i] = 1.0F - 0.2F * static_cast<float>(i);
  }
  for (TensorPlace* place : {&scan->tensors(), &host_tensors()}) {
    const bool device = place->stream() != nullptr;
    float* sum = device ? a.get() : first.data();
    float* more = device ? b.get() : second.data();
    place->activate(sum, {4, 3});
    place->activate(more, {2, 1, 2, 3});
    place->add(sum, more, 12);
    place->divide(sum, 12, 3.0F);
  }
  EXPECT_EQ(values_on_host(*scan, a.get(), 12), first);
}

TEST_F(DeviceScans, NameTheVoxelOfANaN) {
  const std::unique_ptr<PlacedScan> scan = places_.place(volume_, 0);
  const auto values = scan->tensors().allocator()->allocate(11 * 70);
  values.get()[3 * 70 + 64] = std::numeric_limits<float>::quiet_NaN();
  scan->threshold(values.get(), {1, 1, 11, 70}, 0.5F, whole_slices(shape_, 2, 1));
  expect_error(ErrorCode::kInference, {"NaN", "(slice 2, row 3, column 64)"},
               [&] { scan->finish_mask(); });
}

TEST_F(DeviceScans, AreRefusedBeforeTheRunWhereMemoryIsShort) {
  places_.place(volume_, 0);  // its memory is kept, so the same volume needs no more
  setenv("FAKE_CUDA_MEMORY", "1000", 1);
  EXPECT_NE(places_.place(volume_, 1000), nullptr);
  expect_error(ErrorCode::kOutOfMemory,
               {"6 x 11 x 70", "0.00 GB more on cuda:1", "1.25 GB for the networks", "are free"},
               [&] { places_.place(volume_, 1'250'000'000); });
  // A refused scan returns its handle to the pool.
  unsetenv("FAKE_CUDA_MEMORY");
  const std::unique_ptr<PlacedScan> one = places_.place(volume_, 0);
  setenv("FAKE_CUDA_MEMORY", "1000", 1);
  expect_error(ErrorCode::kOutOfMemory, {"6 x 11 x 70"}, [&] { places_.place(volume_, 0); });
  unsetenv("FAKE_CUDA_MEMORY");
}

TEST_F(DeviceScans, RefuseMasksThatTheDeviceCannotCount) {
  const CtVolume endless(hu_.data(), {2, 1'900'000'000, 1}, {}, nullptr);
  expect_error(ErrorCode::kResourceLimit,
               {"2 x 1900000000 x 1", "3,800,000,000 runs", "use device cpu"},
               [&] { places_.place(endless, 0); });
}

TEST(DeviceScanPoolTest, RefuseADeviceThatDoesNotExist) {
  const CudaLibrary library(CUDA_GOOD), none(CUDA_NO_DRIVER);
  expect_error(ErrorCode::kDeviceUnavailable, {"cuda:2", "there are 2"},
               [&] { DeviceScanPool(library, {DeviceKind::kCuda, 2}); });
  expect_error(ErrorCode::kDeviceUnavailable, {"no driver is installed"},
               [&] { DeviceScanPool(none, {DeviceKind::kCuda, 0}); });
}

}  // namespace
}  // namespace lungrt
