// Runs that are cancelled or reach a limit at any point: an error, and nothing is left behind.

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "expect_error.h"
#include "lungrt/log.h"
#include "lungrt/lung_field.h"
#include "native_bundle.h"

namespace lungrt {
namespace {

using namespace lungrt::testing;

class Limits : public ::testing::Test {
 protected:
  Limits() : bundle_(folder_) {}
  ~Limits() override { set_log_callback({}); }

  Pipeline pipeline(const char* profile, int threads = 1) const {
    PipelineOptions options;
    options.profile = profile;
    options.threads = threads;
    return Pipeline(bundle_.path(), options);
  }

  /// A report without what differs between runs.
  static std::string comparable(Report report) {
    report.timings_s.clear();
    return to_json(report);
  }

  /// Approximately the smallest limit that a run does not exceed.
  std::int64_t least_memory(const std::function<void(const RunOptions&)>& run) const {
    std::int64_t too_little = 0, enough = std::int64_t{1} << 26;
    while (enough - too_little > enough / 32) {
      RunOptions options;
      options.max_memory_bytes = too_little + (enough - too_little) / 2;
      try {
        run(options);
        enough = options.max_memory_bytes;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kResourceLimit) << error.what();
        too_little = options.max_memory_bytes;
      }
    }
    return enough;
  }

  TempFolder folder_;
  Chest chest_;
  NativeBundle bundle_;
};

TEST_F(Limits, ARunCanBeCancelledWhereverItAsks) {
  for (const char* profile : {"book", "lung"}) {
    const Pipeline pipe = pipeline(profile);
    RunOptions options;
    options.keep_masks = true;
    int asked = 0;
    std::set<int> tried;
    options.cancelled = [&] {
      ++asked;
      return false;
    };
    options.progress = [&](const char*, std::int64_t done, std::int64_t total) {
      if (done != 0 && done != total) return;
      for (int next = 1; next <= 5; ++next)
        tried.insert(asked + next);  // the borders between stages
    };
    const std::string expected = comparable(pipe.run(chest_.volume(), options));
    options.progress = nullptr;
    const int all = asked;
    EXPECT_GT(all, 60);
    for (int at = 1; at <= all; at += 11) tried.insert(at);
    tried.erase(tried.upper_bound(all), tried.end());
    std::set<std::string> places;
    for (const int at : tried) {
      int left = at;
      options.cancelled = [&] { return --left == 0; };
      try {
        pipe.run(chest_.volume(), options);
        ADD_FAILURE() << "went on after it was cancelled the " << at << "th time it asked";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCancelled);
        places.insert(error.what());
      }
    }
    std::set<std::string> stages{"segment", "group", "classify", "malignancy"};
    if (std::string(profile) == "lung") stages.insert("find lungs");
    std::set<std::string> wanted;
    for (const std::string& stage : stages) wanted.insert("cancelled while in stage " + stage);
    EXPECT_EQ(places, wanted);
    options.cancelled = nullptr;
    EXPECT_EQ(comparable(pipe.run(chest_.volume(), options)), expected);
  }
}

TEST_F(Limits, StagesAloneCanBeCancelled) {
  const Pipeline pipe = pipeline("lung");
  const CtVolume volume = chest_.volume();
  const NoduleMask mask = pipe.segment(volume);
  const std::vector<Candidate> candidates = pipe.group(volume, mask);
  RunOptions options;
  options.cancelled = [] { return true; };
  const auto expect_cancelled = [&](const std::function<void()>& work) {
    expect_error(ErrorCode::kCancelled, {"cancelled while in stage"}, work);
  };
  expect_cancelled([&] { pipe.segment(volume, options); });
  expect_cancelled([&] { pipe.group(volume, mask, options); });
  expect_cancelled([&] { pipe.classify(volume, candidates, options); });
  expect_cancelled([&] { find_lung_field(volume, 1, options); });
  // With the book's region, only the grouping itself can be cancelled.
  expect_cancelled([&] { pipeline("book").group(volume, mask, options); });
}

TEST_F(Limits, TheSearchForLungsCanBeCancelledBetweenItsSteps) {
  int asked = 0;
  RunOptions options;
  options.progress = [&](const char*, std::int64_t, std::int64_t) { --asked; };
  options.cancelled = [&] {
    ++asked;
    return false;
  };
  find_lung_field(chest_.volume(), 1, options);
  EXPECT_GE(asked, 6);  // more often than progress was reported
}

TEST_F(Limits, TimeEndsARunInEveryStage) {
  const Pipeline pipe = pipeline("lung");
  for (const char* stage : {"find lungs", "segment", "classify", "malignancy"}) {
    RunOptions options;
    options.max_seconds = 3600.0;
    options.progress = [&options, stage](const char* at, std::int64_t, std::int64_t) {
      // As if that stage took forever: no time is left.
      if (std::string(at) == stage) options.max_seconds = 1e-12;
    };
    expect_error(ErrorCode::kResourceLimit, {"is still in stage", stage, "max_seconds"},
                 [&] { pipe.run(chest_.volume(), options); });
  }
}

TEST_F(Limits, MemoryThatIsEnoughChangesNothing) {
  for (const char* profile : {"book", "lung"}) {
    for (const bool keep : {false, true}) {
      const Pipeline pipe = pipeline(profile, 2);
      const std::string expected = comparable(pipe.run(chest_.volume()));
      const std::int64_t least = least_memory([&](RunOptions options) {
        options.keep_masks = keep;
        EXPECT_EQ(comparable(pipe.run(chest_.volume(), options)), expected);
      });
      EXPECT_GT(least, Chest::kShape.voxels() / 8);  // at least the mask
      EXPECT_LT(least, 64 << 20);
      if (keep) {
        EXPECT_GT(least, 4 * Chest::kShape.voxels());  // at least the labels
      }
    }
  }
}

TEST_F(Limits, MoreLanesNeedMoreMemory) {
  const auto least = [&](int threads) {
    const Pipeline pipe = pipeline("book", threads);
    return least_memory([&](const RunOptions& options) { pipe.segment(chest_.volume(), options); });
  };
  EXPECT_GT(least(4), least(1) * 3 / 2);
}

TEST_F(Limits, TooLittleMemorySaysWhatNeedsIt) {
  const Pipeline pipe = pipeline("lung");
  const CtVolume volume = chest_.volume();
  const NoduleMask mask = pipe.segment(volume);
  const std::vector<Candidate> candidates = pipe.group(volume, mask);
  const Pipeline book = pipeline("book");
  std::set<std::string> what;
  for (std::int64_t limit = 1000; limit < (std::int64_t{1} << 26); limit += limit / 3) {
    RunOptions options;
    options.max_memory_bytes = limit;
    options.keep_masks = true;
    try {
      book.run(volume, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kResourceLimit);
      const std::string message = error.what();
      EXPECT_NE(message.find("max_memory_bytes"), std::string::npos);
      what.insert(message.substr(0, message.find(" needs ")));
    }
  }
  EXPECT_GE(what.size(), 2U);
  RunOptions little;
  little.max_memory_bytes = 100;
  const auto refuse = [&](const char* words, const std::function<void()>& work) {
    expect_error(ErrorCode::kResourceLimit, {words, "max_memory_bytes = 100"}, work);
  };
  refuse("stage segment: the nodule mask", [&] { pipe.run(volume, little); });
  refuse("stage find lungs: the grid of cells", [&] { find_lung_field(volume, 1, little); });
  refuse("stage segment: the nodule mask", [&] { book.segment(volume, little); });
  refuse("stage group: runs and components", [&] { book.group(volume, mask, little); });
  refuse("stage classify: a list of", [&] { book.classify(volume, candidates, little); });
}

TEST_F(Limits, ARunTellsItsStagesAndNothingOfThePatient) {
  std::vector<std::string> heard;
  set_log_callback([&](LogLevel, const char* message) { heard.emplace_back(message); },
                   LogLevel::kDebug);
  const Pipeline pipe = pipeline("lung");
  const Report report = pipe.run(chest_.volume());
  const auto holds = [&](const std::string& words) {
    return std::any_of(heard.begin(), heard.end(), [&](const std::string& message) {
      return message.find(words) != std::string::npos;
    });
  };
  for (const char* words :
       {"engine auto on cpu: native was chosen", "pipeline: engine native", "run: started on",
        "find lungs: started", "find lungs: done in", "segment: done in", "group: done in",
        "classify: done in", "run: done in"}) {
    EXPECT_TRUE(holds(words)) << words;
  }
  EXPECT_TRUE(holds(std::to_string(report.candidates.size()) + " candidate"));
  EXPECT_FALSE(holds("1.2.3"));         // the series UID
  EXPECT_FALSE(holds(folder_.path()));  // nor any path
  for (const std::string& message : heard) {
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

  heard.clear();
  RunOptions options;
  options.cancelled = [] { return true; };
  EXPECT_THROW(pipe.run(chest_.volume(), options), Error);
  EXPECT_TRUE(holds("run: stopped with Cancelled"));
}

}  // namespace
}  // namespace lungrt
