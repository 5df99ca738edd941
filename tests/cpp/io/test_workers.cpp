#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "expect_error.h"
#include "io/workers.h"

namespace lungrt::io {
namespace {

TEST(WorkersTest, EachOnce) {
  for (const int threads : {1, 2, 8}) {
    std::vector<std::atomic<int>> calls(100);
    Workers{threads, {}}.for_each(calls.size(), [&](std::size_t i) { ++calls[i]; });
    for (const auto& count : calls) EXPECT_EQ(count, 1);
  }
}

TEST(WorkersTest, LowestFailureIsThrown) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    testing::expect_error(ErrorCode::kIo, {"7"}, [] {
      Workers{4, {}}.for_each(100, [](std::size_t i) {
        if (i >= 7) throw Error(ErrorCode::kIo, std::to_string(i));
      });
    });
  }
}

TEST(WorkersTest, NothingToDo) {
  Workers{4, [] { return true; }}.for_each(0, [](std::size_t) { FAIL(); });
}

TEST(WorkersTest, CancelledBeforeTheFirst) {
  testing::expect_error(ErrorCode::kCancelled, {"cancelled"}, [] {
    Workers{2, [] { return true; }}.for_each(3, [](std::size_t) { FAIL(); });
  });
}

TEST(WorkersTest, NumberOfThreads) {
  EXPECT_GE(reading_threads(0), 1);
  EXPECT_LE(reading_threads(0), 8);
  EXPECT_EQ(reading_threads(3), 3);
  testing::expect_error(ErrorCode::kInvalidArgument, {"threads is -2"},
                        [] { reading_threads(-2); });
}

}  // namespace
}  // namespace lungrt::io
