#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "stages/batches.h"

namespace lungrt {
namespace {

TEST(ItemsToRun, IsTheNextPowerOfTwoWithinTheBatch) {
  const SessionTraits slices{.batch = 8};
  std::vector<std::int64_t> runs;
  for (std::int64_t items = 1; items <= 8; ++items) runs.push_back(items_to_run(items, slices));
  EXPECT_EQ(runs, (std::vector<std::int64_t>{1, 2, 4, 4, 8, 8, 8, 8}));
  EXPECT_EQ(items_to_run(5, {.batch = 6}), 6);
  EXPECT_EQ(items_to_run(3, {.batch = 6}), 4);
  EXPECT_EQ(items_to_run(34, {.batch = 64}), 64);
}

TEST(ItemsToRun, KeepsToALeastNumberThatFits) {
  EXPECT_EQ(items_to_run(1, {.batch = 8}, kFewestCrops), 2);
  EXPECT_EQ(items_to_run(1, {.batch = 1}, kFewestCrops), 1);
  EXPECT_EQ(items_to_run(3, {.batch = 8}, kFewestCrops), 4);
}

TEST(ItemsToRun, IsAlwaysAFullBatchWhereTheSessionNeedsOne) {
  EXPECT_EQ(items_to_run(1, {.batch = 5, .fixed_batch = true}), 5);
}

TEST(ForEachBatch, CoversEveryItemOnceWithAnyNumberOfLanes) {
  for (const std::int64_t total : {1, 2, 7, 64}) {
    for (const std::int64_t batch : {1, 3, 8, 100}) {
      for (const int streams : {1, 2, 5}) {
        std::vector<std::atomic<int>> seen(static_cast<std::size_t>(total));
        for_each_batch(
            total, batch, streams,
            [&](int stream, std::int64_t first, std::int64_t count) {
              EXPECT_LT(stream, streams);
              EXPECT_LE(count, batch);
              for (std::int64_t i = first; i < first + count; ++i) {
                ++seen[static_cast<std::size_t>(i)];
              }
            },
            [](std::int64_t) {});
        for (const auto& times : seen) EXPECT_EQ(times, 1);
      }
    }
  }
}

TEST(ForEachBatch, LanesWorkAtOnce) {
  std::atomic<int> inside{0};
  std::atomic<bool> met{false};
  for_each_batch(
      2, 1, 2,
      [&](int, std::int64_t, std::int64_t) {
        ++inside;
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (inside < 2 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
        if (inside == 2) met = true;
      },
      [](std::int64_t) {});
  EXPECT_TRUE(met);
}

TEST(ForEachBatch, StepsOnTheCallingThreadAndEndsWithTheTotal) {
  const auto caller = std::this_thread::get_id();
  std::vector<std::int64_t> steps;
  for_each_batch(
      20, 2, 3, [](int, std::int64_t, std::int64_t) {},
      [&](std::int64_t done) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        steps.push_back(done);
      });
  EXPECT_EQ(steps.back(), 20);
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(std::set(steps.begin(), steps.end()).size(), steps.size());
}

TEST(ForEachBatch, AnExceptionOfAnyLaneEndsTheRun) {
  for (const int thrower : {0, 1}) {
    std::atomic<int> batches{0};
    std::atomic<bool> thrown{false};
    const auto run = [&] {
      for_each_batch(
          100000, 1, 2,
          [&](int stream, std::int64_t, std::int64_t) {
            ++batches;
            if (stream == thrower) {
              thrown = true;
              throw std::runtime_error("from a stream");
            }
            while (!thrown) std::this_thread::yield();
            // Not before the exception is kept, even if its thread has to wait for a processor.
            std::this_thread::sleep_for(std::chrono::microseconds(100));
          },
          [](std::int64_t) {});
    };
    EXPECT_THROW(run(), std::runtime_error);
    EXPECT_LT(batches, 100000);
  }
}

TEST(ForEachBatch, AnExceptionOfTheStepEndsTheRun) {
  int batches = 0;
  EXPECT_THROW(for_each_batch(
                   100, 1, 1, [&](int, std::int64_t, std::int64_t) { ++batches; },
                   [](std::int64_t done) {
                     if (done == 3) throw std::runtime_error("enough");
                   }),
               std::runtime_error);
  EXPECT_EQ(batches, 3);
}

}  // namespace
}  // namespace lungrt
