// What is made of the exceptions that torch throws on a GPU, thrown here without one.

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/torch_common/device_failures.h"

namespace lungrt::torch_common {
namespace {

using engine_library::Failure;

constexpr const char* kTorchsWords =
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 139.80 GiB of "
    "which 1.20 GiB is free.\nIf reserved but unallocated memory is large try setting something.";

class DeviceFailures : public ::testing::Test {
 protected:
  /// A run that throws these words, each once, and then succeeds.
  std::function<void()> throwing(std::vector<std::string> words) {
    words_ = std::move(words);
    return [this] {
      events_ += "run ";
      if (const std::size_t now = runs_++; now < words_.size())
        throw std::runtime_error(words_[now]);
    };
  }

  DeviceInMessages device(int index) {
    return {index, "Imagined GPU", [this] { events_ += "empty "; },
            [] { return "1.2 of 139.8 GB"; }};
  }

  /// The failure of a run.
  Failure failure_of(int index, const std::function<void()>& run) {
    try {
      run_on_device(device(index), kLungrtInference, run);
    } catch (const Failure& failure) {
      return failure;
    }
    ADD_FAILURE() << "the run succeeded";
    return {kLungrtOk, ""};
  }

  std::string events_;
  std::size_t runs_ = 0;
  std::vector<std::string> words_;
};

TEST_F(DeviceFailures, ARunThatSucceedsRunsOnce) {
  run_on_device(device(0), kLungrtInference, throwing({}));
  EXPECT_EQ(events_, "run ");
}

TEST_F(DeviceFailures, WhereMemoryRunsOutTheCacheIsEmptiedAndTheRunRepeatedOnce) {
  run_on_device(device(0), kLungrtInference, throwing({kTorchsWords}));
  EXPECT_EQ(events_, "run empty run ");

  events_.clear();
  runs_ = 0;
  const Failure failure = failure_of(0, throwing({kTorchsWords, kTorchsWords}));
  EXPECT_EQ(events_, "run empty run ");
  EXPECT_EQ(failure.status(), kLungrtOutOfMemory);
  const std::string words = failure.what();
  for (const char* part : {"cuda:0 (Imagined GPU)", "2.50 GiB was wanted",
                           "1.2 of 139.8 GB are free", "use another device"}) {
    EXPECT_NE(words.find(part), std::string::npos) << part << " in: " << words;
  }
  EXPECT_EQ(words.find('\n'), std::string::npos) << words;
}

TEST_F(DeviceFailures, TorchsOwnExceptionOfMemoryIsOne) {
  int runs = 0;
  run_on_device(device(0), kLungrtInference, [&runs] {
    if (++runs == 1) TORCH_CHECK_WITH(OutOfMemoryError, false, kTorchsWords);
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(events_, "empty ");
}

TEST_F(DeviceFailures, TheLibrariesBelowTorchSayItInTheirOwnWords) {
  for (const char* words :
       {"CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"}) {
    EXPECT_TRUE(is_out_of_device_memory(words)) << words;
    runs_ = 0;
    const Failure failure = failure_of(0, throwing({words, words}));
    EXPECT_EQ(failure.status(), kLungrtOutOfMemory) << words;
    EXPECT_NE(std::string(failure.what()).find("an unknown amount was wanted"), std::string::npos);
  }
  EXPECT_FALSE(is_out_of_device_memory("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"));
}

TEST_F(DeviceFailures, OtherFailuresNameTheDeviceAndAreNotRepeated) {
  const Failure failure = failure_of(0, throwing({"no such operator"}));
  EXPECT_EQ(events_, "run ");
  EXPECT_EQ(failure.status(), kLungrtInference);
  EXPECT_STREQ(failure.what(), "cuda:0 (Imagined GPU): no such operator");
  run_on_device(device(0), kLungrtInference, throwing({}));  // and the next run works
}

TEST_F(DeviceFailures, ALostDeviceSaysSoAndTheNextRunSaysWhyNot) {
  const Failure first = failure_of(
      5, throwing({"CUDA error: an illegal memory access was encountered\nCUDA kernel errors might "
                   "be asynchronously reported at some other API call"}));
  EXPECT_EQ(first.status(), kLungrtDeviceUnavailable);
  EXPECT_STREQ(first.what(),
               "cuda:5 (Imagined GPU) was lost: CUDA error: an illegal memory access was "
               "encountered; CUDA cannot be used again in this process: start the program again, "
               "and if this happens again, look for Xid errors in the system's log");

  events_.clear();
  const Failure next = failure_of(5, throwing({}));
  EXPECT_EQ(events_, "");  // nothing was run
  EXPECT_EQ(next.status(), kLungrtDeviceUnavailable);
  EXPECT_NE(
      std::string(next.what())
          .find("cuda:5 was lost earlier in this process (CUDA error: an illegal memory access was "
                "encountered), and CUDA cannot be used again"),
      std::string::npos)
      << next.what();
  run_on_device(device(6), kLungrtInference, throwing({}));  // another device
}

TEST_F(DeviceFailures, ADeviceThatIsLostWhileARunIsRepeatedIsLost) {
  const Failure failure =
      failure_of(4, throwing({kTorchsWords, "CUDA error: unspecified launch failure"}));
  EXPECT_EQ(events_, "run empty run ");
  EXPECT_EQ(failure.status(), kLungrtDeviceUnavailable);
}

}  // namespace
}  // namespace lungrt::torch_common
