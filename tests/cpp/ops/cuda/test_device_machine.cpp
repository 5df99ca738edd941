// The host code of the CUDA core with a stand-in for the CUDA runtime: contexts, copies, and every
// call that can fail.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "expect_error.h"
#include "ops/cuda/fake_runtime.h"
#include "ops/cuda/host_launcher.h"
#include "stages/device_scan.h"
#include "stages/scan_comparison.h"

namespace lungrt {
namespace {

using ops::cuda::StagedUpload;
using testing::current_context;
using testing::expect_error;
using testing::expect_the_hosts_results;
using testing::fake_runtime;
using testing::FakeRuntime;
using testing::set_current_context;

using Machine = ops::cuda::DeviceMachineWith<testing::HostLauncher>;

/// Each test starts with a fresh runtime, which must not hold anything in the end.
class DeviceMachines : public ::testing::Test {
 protected:
  DeviceMachines() : hu_(static_cast<std::size_t>(shape_.voxels())) {
    fake_runtime() = FakeRuntime{};
    set_current_context(-1);
    std::mt19937 random(5);
    for (auto& value : hu_) {
      value = static_cast<std::int16_t>(static_cast<int>(random() % 3000) - 1500);
    }
    input_.context_slices = 2;
    input_.size_multiple = 8;
    input_.scale = 0.0011F;
    input_.crop = {2, 3, 5};
  }
  ~DeviceMachines() override { EXPECT_FALSE(fake_runtime().holds_something()); }

  void fail(const char* function, cudaError_t with, bool sticky = false, int at = 0) {
    FakeRuntime& fake = fake_runtime();
    fake.fail_in = function;
    fake.fail_with = with;
    fake.sticky = sticky;
    fake.fail_at = at;
    fake.calls = 0;
  }

  VolumeShape shape_{6, 11, 70};
  std::vector<std::int16_t> hu_;
  CtVolume volume_{hu_.data(), shape_, {}, nullptr};
  InputContract input_;
  CudaLibrary library_{ops::cuda::kTableOf<Machine>};
};

TEST_F(DeviceMachines, EqualTheCpuWithAllWorkPutOff) {
  DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
  EXPECT_GT(expect_the_hosts_results(*pool.place(volume_, 0), input_), 1U);
  EXPECT_EQ(fake_runtime().pageable_uploads, 0);
}

TEST_F(DeviceMachines, CropsAreReadFromMemoryThatMayBeFreedAtOnce) {
  DeviceScanPool pool(library_, {DeviceKind::kCuda, 0});
  const auto scan = pool.place(volume_, 0);
  const auto found = scan->tensors().allocator()->allocate(30);
  {
    std::vector<VoxelIndex> origins{{1, 2, 3}};
    scan->gather_crops(origins.data(), 1, input_, found.get());
    origins[0] = {5, 10, 69};
  }
  std::vector<float> expected(30);
  const VoxelIndex origin{1, 2, 3};
  scan_on_host(volume_)->gather_crops(&origin, 1, input_, expected.data());
  EXPECT_EQ(testing::values_on_host(*scan, found.get(), 30), expected);
}

TEST_F(DeviceMachines, MakeNoContextOnAnotherDevice) {
  {
    DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
    const auto scan = pool.place(volume_, 0);
    const auto memory = scan->tensors().allocator()->allocate(8);
    EXPECT_EQ(current_context(), -1);  // as before
    EXPECT_FALSE(fake_runtime().device_memory.empty());
  }
  EXPECT_EQ(current_context(), -1);
  EXPECT_EQ(fake_runtime().contexts, (std::map<int, int>{{1, 1}}));
}

TEST_F(DeviceMachines, GiveTheApplicationItsContextBack) {
  set_current_context(0);
  DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
  pool.place(volume_, 0);
  EXPECT_EQ(current_context(), 0);
  fail("cudaMemcpyAsync", cudaErrorUnknown);
  EXPECT_THROW(pool.place(volume_, 0), Error);
  EXPECT_EQ(current_context(), 0);
  fail("cudaSetDevice", cudaErrorDevicesUnavailable);
  expect_error(ErrorCode::kDeviceUnavailable, {"choice of the device, cuda:1"},
               [&] { pool.place(volume_, 0); });
  EXPECT_EQ(current_context(), 0);
}

TEST_F(DeviceMachines, LeaveCapturesOfOtherThreadsIntact) {
  {
    DeviceScanPool pool(library_, {DeviceKind::kCuda, 0});
    const auto scan = pool.place(volume_, 0);
    scan->tensors().allocator()->allocate(8);
  }
  EXPECT_EQ(fake_runtime().calls_that_break_a_capture, 0);
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  cudaThreadExchangeStreamCaptureMode(&mode);
  EXPECT_EQ(mode, cudaStreamCaptureModeGlobal);  // the thread's mode is what it was
}

TEST_F(DeviceMachines, UploadAnySize) {
  constexpr std::size_t kBuffer = StagedUpload::kBufferBytes;
  const ops::cuda::Stream stream(0);
  StagedUpload upload(0);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, kBuffer - 1,
                                  kBuffer, kBuffer + 1, 2 * kBuffer, 7 * kBuffer / 2 + 3}) {
    std::vector<char> host(bytes), found(bytes);
    std::mt19937 random(static_cast<unsigned>(bytes));
    for (char& value : host) value = static_cast<char>(random());
    const std::vector<char> expected = host;
    void* memory = nullptr;
    ASSERT_EQ(cudaMalloc(&memory, bytes), cudaSuccess);
    upload.copy(memory, host.data(), bytes, stream.get());
    std::fill(host.begin(), host.end(), 'x');  // it has been read
    cudaMemcpyAsync(found.data(), memory, bytes, cudaMemcpyDeviceToHost, stream.get());
    cudaStreamSynchronize(stream.get());
    EXPECT_EQ(found, expected) << bytes;
    cudaFree(memory);
    EXPECT_LE(fake_runtime().locked_memory.size(), 2U);
  }
  EXPECT_EQ(fake_runtime().pageable_uploads, 0);
}

TEST_F(DeviceMachines, FreeEverythingWhereAnUploadFails) {
  const std::vector<char> host(3 * StagedUpload::kBufferBytes);
  for (const char* function :
       {"cudaHostAlloc", "cudaMemcpyAsync", "cudaEventRecord", "cudaEventCreateWithFlags"}) {
    for (const int at : {0, 1}) {
      const ops::cuda::Stream stream(0);
      StagedUpload upload(0);
      void* memory = nullptr;
      ASSERT_EQ(cudaMalloc(&memory, host.size()), cudaSuccess);
      fail(function, cudaErrorUnknown, false, at);
      EXPECT_THROW(upload.copy(memory, host.data(), host.size(), stream.get()), ops::cuda::Failure)
          << function << at;
      upload.copy(memory, host.data(), host.size(), stream.get());  // works again
      cudaFree(memory);
    }
  }
}

TEST_F(DeviceMachines, LendTheSameStreamsToOneScanAfterTheOther) {
  const auto run = [&] {
    DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
    const auto scan = pool.place(volume_, 0);
    return scan->eroded_components().components.size();
  };
  run();
  const int created = fake_runtime().streams;
  run();
  EXPECT_EQ(fake_runtime().streams, created);
}

TEST_F(DeviceMachines, SayThatHostMemoryCannotBeLocked) {
  DeviceScanPool pool(library_, {DeviceKind::kCuda, 0});
  fail("cudaHostAlloc", cudaErrorMemoryAllocation);
  expect_error(ErrorCode::kOutOfMemory, {"could not lock 8 MiB of host memory", "cuda:0"},
               [&] { pool.place(volume_, 0); });
  EXPECT_NE(pool.place(volume_, 0), nullptr);
}

TEST_F(DeviceMachines, SayHowMuchMemoryWasWantedAndIsFree) {
  DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
  fake_runtime().free_bytes = 1'250'000'000;
  fake_runtime().total_bytes = 2'000'000'000;
  const auto scan = pool.place(volume_, 0);
  expect_error(
      ErrorCode::kOutOfMemory,
      {"could not allocate 4.00 GB on cuda:1", "1.25 GB of 2.00 GB are free", "device cpu"},
      [&] { scan->tensors().allocator()->allocate(1'000'000'000); });
  // In the middle of a run, after it was checked: the lists of runs grow with the mask.
  const auto values = scan->tensors().allocator()->allocate(shape_.voxels());
  std::fill_n(values.get(), shape_.voxels(), 1.0F);
  const std::vector<SlicePart> all = testing::whole_slices(shape_, 0, shape_.slices);
  scan->threshold(values.get(), {shape_.slices, 1, shape_.rows, shape_.columns}, 0.5F, all);
  fail("cudaMalloc", cudaErrorMemoryAllocation);
  expect_error(ErrorCode::kOutOfMemory, {"could not allocate", "cuda:1", "are free"},
               [&] { scan->eroded_components(); });
  EXPECT_EQ(scan->eroded_components().components.size(), 1U);  // works again
}

TEST_F(DeviceMachines, SayWhatHappenedAndThatTheProcessMustStartAgain) {
  for (const char* function : {"cudaMemcpyAsync", "cudaStreamSynchronize", "cudaLaunchKernel",
                               "cudaMalloc", "cudaMemsetAsync", "cudaMemGetInfo"}) {
    SCOPED_TRACE(function);
    fake_runtime() = FakeRuntime{};
    DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
    fail(function, cudaErrorIllegalAddress, true);
    const auto run = [&] {
      const auto scan = pool.place(volume_, 0);
      scan->eroded_components();
    };
    for (int attempt = 0; attempt < 2; ++attempt) {  // the next run says it, too
      expect_error(
          ErrorCode::kDeviceUnavailable,
          {"cuda:1", "cudaErrorIllegalAddress", "end the process and start it again", "device cpu"},
          run);
    }
  }  // and nothing crashes when the pool is destroyed
}

TEST_F(DeviceMachines, RecogniseALostDeviceWhateverTheErrorIsCalled) {
  DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
  auto scan = pool.place(volume_, 0);
  fail("cudaStreamSynchronize", cudaErrorUnknown, true);
  expect_error(ErrorCode::kDeviceUnavailable, {"cuda:1", "start it again", "Xid"},
               [&] { scan->tensors().wait(); });
  scan.reset();
  expect_error(ErrorCode::kDeviceUnavailable, {"choice of the device, cuda:1", "start it again"},
               [&] { pool.place(volume_, 0); });
}

TEST_F(DeviceMachines, GoOnAfterAnErrorThatPasses) {
  DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
  const auto scan = pool.place(volume_, 0);
  fail("cudaStreamSynchronize", cudaErrorUnknown);
  try {
    scan->tensors().wait();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInference);
    EXPECT_EQ(std::string(error.what()).find("start it again"), std::string::npos);
  }
  EXPECT_GT(expect_the_hosts_results(*scan, input_), 1U);
}

TEST_F(DeviceMachines, FreeEverythingWhicheverCallFails) {
  const auto run = [&] {
    DeviceScanPool pool(library_, {DeviceKind::kCuda, 1});
    const auto scan = pool.place(volume_, 0);
    const auto values = scan->tensors().allocator()->allocate(shape_.voxels());
    const auto slices = testing::whole_slices(shape_, 0, shape_.slices);
    InputContract plain = input_;
    plain.context_slices = 0;
    plain.size_multiple = 1;
    scan->stack_context(slices, plain, Layout::kNchw, values.get());
    scan->threshold(values.get(), {shape_.slices, 1, shape_.rows, shape_.columns}, -0.5F, slices);
    scan->finish_mask();
    return scan->eroded_components().components.size();
  };
  const std::size_t expected = run();
  EXPECT_GT(expected, 1U);
  const int calls = [&] {
    fail("", cudaErrorUnknown, false, 1'000'000);
    run();
    return fake_runtime().calls;
  }();
  EXPECT_GT(calls, 50);
  int errors = 0;
  for (const bool sticky : {false, true}) {
    for (int at = 0; at < calls; ++at) {
      fake_runtime() = FakeRuntime{};
      fail("", cudaErrorUnknown, sticky, at);
      try {
        EXPECT_EQ(run(), expected) << at;  // a call that only frees something
      } catch (const Error&) {
        ++errors;
      }
      EXPECT_FALSE(fake_runtime().holds_something()) << at;
      EXPECT_EQ(current_context(), -1) << at;
    }
  }
  EXPECT_GT(errors, calls);
}

TEST_F(DeviceMachines, SayForWhichGpusTheyWereBuilt) {
  fake_runtime().probe = cudaErrorNoKernelImageForDevice;
  expect_error(ErrorCode::kUnsupportedVersion,
               {"no code for cuda:0, which has compute capability 6.0",
                "cudaErrorNoKernelImageForDevice", "built for 7.5, 9.0 and newer"},
               [&] { DeviceScanPool(library_, {DeviceKind::kCuda, 0}); });
}

TEST_F(DeviceMachines, TellDriversApart) {
  LungrtCudaScan* scan = nullptr;
  const auto open = [&] { CudaLibrary::call(library_.table().open_scan, 0, &scan); };
  fake_runtime().driver = 0;
  expect_error(ErrorCode::kDeviceUnavailable, {"no NVIDIA driver is installed"}, open);
  fake_runtime().driver = 11040;
  expect_error(ErrorCode::kUnsupportedVersion, {"supports CUDA 11.4", "needs driver"}, open);
  fake_runtime().driver = CUDART_VERSION;
  fake_runtime().devices = 0;
  expect_error(ErrorCode::kDeviceUnavailable, {"there are 0: the driver finds none"}, open);
  fail("cudaGetDeviceCount", cudaErrorUnknown);
  expect_error(ErrorCode::kDeviceUnavailable, {"there are 0", "the driver supports CUDA"}, open);
}

}  // namespace
}  // namespace lungrt
