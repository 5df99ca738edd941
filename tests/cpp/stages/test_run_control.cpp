#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
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

TEST(RunControl, RefusesNegativeLimits) {
  RunOptions options;
  options.max_seconds = -1.0;
  expect_error(ErrorCode::kInvalidArgument, {"max_seconds"}, [&] { RunControl control(options); });
  options.max_seconds = 0.0;
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
