#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "expect_error.h"
#include "stages/run_control.h"

namespace lungrt {
namespace {

using testing::expect_error;

TEST(RunControl, ReportsProgressInOrder) {
  std::vector<std::string> seen;
  RunOptions options;
  options.progress = [&](const char* stage, std::int64_t done, std::int64_t total) {
    seen.push_back(std::string(stage) + " " + std::to_string(done) + "/" + std::to_string(total));
  };
  const RunControl control(options);
  control.step("segment", 0, 2);
  control.step("segment", 2, 2);
  EXPECT_EQ(seen, (std::vector<std::string>{"segment 0/2", "segment 2/2"}));
}

/// Callbacks divide by the total.
TEST(RunControl, ReportsNoProgressOfNothing) {
  RunOptions options;
  options.progress = [](const char*, std::int64_t, std::int64_t) { FAIL() << "nothing to do"; };
  RunControl(options).step("classify", 0, 0);
}

TEST(RunControl, EndsWhenCancelled) {
  RunOptions options;
  options.cancelled = [] { return true; };
  const RunControl control(options);
  expect_error(ErrorCode::kCancelled, {"classify"}, [&] { control.step("classify", 1, 2); });
}

TEST(RunControl, EndsAtTheTimeLimit) {
  RunOptions options;
  options.max_seconds = 1e-4;
  const RunControl control(options);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  expect_error(ErrorCode::kResourceLimit, {"max_seconds", "segment"},
               [&] { control.step("segment", 1, 2); });
}

TEST(RunControl, EndsAtTooManyCandidates) {
  RunOptions options;
  options.max_candidates = 10;
  const RunControl control(options);
  control.check_candidates(10);
  expect_error(ErrorCode::kResourceLimit, {"11 candidates", "max_candidates = 10"},
               [&] { control.check_candidates(11); });
}

TEST(RunControl, ChecksWithoutProgressToo) {
  RunOptions options;
  options.progress = [](const char*, std::int64_t, std::int64_t) { FAIL() << "no progress here"; };
  bool cancel = false;
  options.cancelled = [&] { return cancel; };
  const RunControl control(options);
  control.check("group");
  cancel = true;
  expect_error(ErrorCode::kCancelled, {"stage group"}, [&] { control.check("group"); });
}

TEST(RunControl, CountsMemoryForAsLongAsItIsHeld) {
  RunOptions options;
  options.max_memory_bytes = 1000;
  const RunControl control(options);
  EXPECT_TRUE(control.limits_memory());
  const RunControl::Memory mask = control.hold("segment", "a mask", 600);
  {
    RunControl::Memory list = control.hold("group", "a list", 400);
    const RunControl::Memory moved = std::move(list);
    expect_error(ErrorCode::kResourceLimit,
                 {"stage classify: crops needs 1 bytes", "holds 1,000", "max_memory_bytes = 1,000"},
                 [&] { (void)control.hold("classify", "crops", 1); });
  }
  RunControl::Memory replaced = control.hold("classify", "crops", 100);
  replaced = control.hold("classify", "crops", 300);
  EXPECT_EQ(control.most_held_bytes(), 1000);
  const RunControl::Memory rest = control.hold("classify", "the rest", 100);
  // Huge sizes do not overflow.
  expect_error(ErrorCode::kResourceLimit, {"9,223,372,036,854,775,807 bytes"}, [&] {
    (void)control.hold("classify", "all", std::numeric_limits<std::int64_t>::max());
  });
}

TEST(RunControl, RefusesNegativeLimits) {
  RunOptions options;
  options.max_seconds = -1.0;
  expect_error(ErrorCode::kInvalidArgument, {"max_seconds"}, [&] { RunControl control(options); });
  options.max_seconds = 0.0;
  options.max_memory_bytes = -1;
  expect_error(ErrorCode::kInvalidArgument, {"max_memory_bytes"},
               [&] { RunControl control(options); });
  options.max_memory_bytes = 0;
  options.max_candidates = -1;
  expect_error(ErrorCode::kInvalidArgument, {"max_candidates"},
               [&] { RunControl control(options); });
}

TEST(RunControl, LetsACallbacksExceptionThrough) {
  RunOptions options;
  options.progress = [](const char*, std::int64_t, std::int64_t) {
    throw std::logic_error("from the callback");
  };
  const RunControl control(options);
  EXPECT_THROW(control.step("segment", 0, 1), std::logic_error);
}

}  // namespace
}  // namespace lungrt
