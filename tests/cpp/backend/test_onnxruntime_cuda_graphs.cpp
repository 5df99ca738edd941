// Who may capture CUDA graphs, and how many are kept. Needs neither a GPU nor the runtime.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "backend/onnxruntime/cuda_graphs.h"

namespace lungrt::onnxruntime {
namespace {

using std::chrono::milliseconds;

/// Whether another thread gets the device within a moment.
bool gets_device(std::future<void>& other) {
  return other.wait_for(milliseconds(100)) == std::future_status::ready;
}

std::future<void> use_in_other_thread(bool with_graph) {
  return std::async(std::launch::async, [=] { const DeviceUse use(with_graph); });
}

TEST(CudaGraphCapture, HasTheDeviceToItself) {
  for (const bool with_graph : {true, false}) {
    std::optional<DeviceUse> capture(std::in_place, true);
    std::future<void> other = use_in_other_thread(with_graph);
    EXPECT_FALSE(gets_device(other));
    capture.reset();
    other.get();
  }
}

TEST(CudaGraphCapture, WaitsForRunsWithoutGraphs) {
  std::optional<DeviceUse> plain(std::in_place, false);
  std::future<void> capture = use_in_other_thread(true);
  EXPECT_FALSE(gets_device(capture));
  plain.reset();
  capture.get();
}

TEST(CudaGraphCapture, RunsWithoutGraphsAreSideBySide) {
  const DeviceUse plain(false);
  std::future<void> other = use_in_other_thread(false);
  EXPECT_TRUE(gets_device(other));
}

TEST(CudaGraphCapture, OfTwoThreadsNeverOverlaps) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  const auto capture = [&] {
    for (int i = 0; i < 50; ++i) {
      const DeviceUse use(true);
      const int now = ++inside;
      if (now > most) most = now;
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      --inside;
    }
  };
  std::thread other(capture);
  capture();
  other.join();
  EXPECT_EQ(most, 1);
}

struct Tensor {
  float* data;
  std::vector<std::int64_t> shape;
  LungrtTensor view() const {
    return {data, shape.data(), static_cast<std::int32_t>(shape.size()), 0, 1, 0, nullptr};
  }
};

TEST(CudaGraphs, HaveANumberForEachAddressAndShape) {
  std::array<float, 4> memory{};
  const Tensor input{&memory[0], {8, 7, 64, 64}};
  const Tensor output{&memory[1], {8, 1, 64, 64}};
  const Tensor smaller{&memory[0], {4, 7, 64, 64}};
  const Tensor moved{&memory[2], {8, 7, 64, 64}};
  const Tensor other{&memory[3], {8, 1, 64, 64}};
  CudaGraphs graphs;
  EXPECT_EQ(graphs.number_for(input.view(), output.view()), 1);
  EXPECT_EQ(graphs.number_for(smaller.view(), output.view()), 2);
  EXPECT_EQ(graphs.number_for(moved.view(), output.view()), 3);
  EXPECT_EQ(graphs.number_for(input.view(), other.view()), 4);
  EXPECT_EQ(graphs.number_for(input.view(), output.view()), 1);
  EXPECT_EQ(CudaGraphs().number_for(moved.view(), output.view()), 1);
}

TEST(CudaGraphs, AreCapturedUpToALimit) {
  std::array<float, 2> memory{};
  const Tensor output{&memory[1], {1, 1}};
  const auto number = [&](CudaGraphs& graphs, std::int64_t batch) {
    return graphs.number_for(Tensor{&memory[0], {batch, 1}}.view(), output.view());
  };
  CudaGraphs graphs;
  std::set<int> numbers;
  for (std::size_t i = 0; i < CudaGraphs::kMost; ++i) {
    numbers.insert(number(graphs, static_cast<std::int64_t>(i) + 1));
  }
  EXPECT_EQ(numbers.size(), CudaGraphs::kMost);
  EXPECT_GT(*numbers.begin(), 0);  // 0 is the runtime's own
  EXPECT_EQ(number(graphs, 1000), CudaGraphs::kNone);
  EXPECT_EQ(number(graphs, 1001), CudaGraphs::kNone);
  EXPECT_EQ(number(graphs, 1), *numbers.begin());  // the first ones are still replayed
}

}  // namespace
}  // namespace lungrt::onnxruntime
