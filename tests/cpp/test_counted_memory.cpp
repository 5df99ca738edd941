// What RunOptions::max_memory_bytes counts is what a run takes: the heap at its peak, measured, is
// never more than the smallest limit that the run keeps to, but for constant amounts.

#include <gtest/gtest.h>

#include <functional>

#include "lungrt/error.h"
#include "lungrt/lung_field.h"
#include "native/allocation_counter.h"
#include "native_bundle.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

/// Constant amounts: names, lists of slices, threads.
constexpr long kConstant = 512 << 10;

class CountedMemory : public ::testing::Test {
 protected:
  using Run = std::function<void(const RunOptions&)>;

  CountedMemory() : bundle_(folder_) {}

  /// \param fresh  -> a run that keeps nothing from one before
  static void expect_peak_within_limit(const std::function<Run()>& fresh) {
    std::int64_t too_little = 0, enough = std::int64_t{1} << 34;
    while (enough - too_little > 1024) {
      RunOptions options;
      options.max_memory_bytes = too_little + (enough - too_little) / 2;
      const Run run = fresh();
      reset_peak();
      const long before = live_bytes();
      bool done = true;
      try {
        run(options);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kResourceLimit) << error.what();
        done = false;
      }
      // Done or given up, a run never took more than it was allowed.
      EXPECT_LE(peak_bytes() - before, options.max_memory_bytes + kConstant)
          << (done ? "done" : "given up");
      (done ? enough : too_little) = options.max_memory_bytes;
    }
  }

  Run run_of(const char* profile, bool keep_masks) const {
    PipelineOptions options;
    options.profile = profile;
    options.threads = 2;
    const auto pipeline = std::make_shared<Pipeline>(bundle_.path(), options);
    return [this, pipeline, keep_masks](RunOptions limits) {
      limits.keep_masks = keep_masks;
      pipeline->run(chest_.volume(), limits);
    };
  }

  TempFolder folder_;
  Chest chest_;
  NativeBundle bundle_;
};

TEST_F(CountedMemory, OfARun) {
  for (const char* profile : {"book", "lung"}) {
    for (const bool keep_masks : {false, true}) {
      SCOPED_TRACE(std::string(profile) + (keep_masks ? ", masks kept" : ""));
      expect_peak_within_limit([&] { return run_of(profile, keep_masks); });
    }
  }
}

TEST_F(CountedMemory, OfTheLungField) {
  expect_peak_within_limit([&] {
    return [&](const RunOptions& limits) { find_lung_field(chest_.volume(), 1, limits); };
  });
}

TEST_F(CountedMemory, RunsLeaveNothingBehindThatGrows) {
  const Run run = run_of("lung", true);
  run({});
  const long before = live_bytes();
  for (int round = 0; round < 20; ++round) {
    run({});
    RunOptions cancelled;
    int left = 3 * round + 1;
    cancelled.cancelled = [&] { return --left == 0; };
    EXPECT_THROW(run(cancelled), Error);
    RunOptions little;
    little.max_memory_bytes = 100'000 * (round + 1);
    try {
      run(little);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kResourceLimit);
    }
  }
  EXPECT_LE(live_bytes(), before + 1024);
}

}  // namespace
}  // namespace lungrt
