#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/logging.h"
#include "expect_error.h"

namespace lungrt {
namespace {

using testing::expect_error;

class Log : public ::testing::Test {
 protected:
  ~Log() override { set_log_callback({}); }
};

TEST_F(Log, IsSilentByDefault) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning}) {
    EXPECT_FALSE(log_wanted(level));
    log_lazily(level, []() -> std::string {
      ADD_FAILURE() << "a message that nobody hears was put together";
      return "";
    });
  }
}

TEST_F(Log, HandsOverWhatIsAtLeastAsHighAsAskedFor) {
  std::vector<std::string> heard;
  set_log_callback(
      [&](LogLevel level, const char* message) {
        heard.push_back(std::string(to_string(level)) + " " + message);
      },
      LogLevel::kInfo);
  EXPECT_FALSE(log_wanted(LogLevel::kDebug));
  log_message(LogLevel::kDebug, "a");
  log_message(LogLevel::kInfo, "b");
  log_lazily(LogLevel::kWarning, [] { return std::string("c"); });
  set_log_callback({});
  log_message(LogLevel::kWarning, "d");
  EXPECT_EQ(heard, (std::vector<std::string>{"info b", "warning c"}));
}

TEST_F(Log, ContainsWhatACallbackThrows) {
  int calls = 0;
  set_log_callback([&](LogLevel, const char*) {
    ++calls;
    if (calls == 1) throw std::runtime_error("a full disk");
    throw 42;
  });
  log_message(LogLevel::kInfo, "a");
  log_message(LogLevel::kInfo, "b");
  log_lazily(LogLevel::kInfo, []() -> std::string { throw std::bad_alloc(); });
  EXPECT_EQ(calls, 2);
}

TEST_F(Log, DoesNotCallItselfAndCannotBeChangedFromWithin) {
  int calls = 0;
  set_log_callback([&](LogLevel, const char*) {
    ++calls;
    log_message(LogLevel::kInfo, "from within");
    expect_error(ErrorCode::kInvalidArgument, {"from within itself"}, [] { set_log_callback({}); });
  });
  log_message(LogLevel::kInfo, "a");
  log_message(LogLevel::kInfo, "b");
  EXPECT_EQ(calls, 2);
}

TEST_F(Log, RefusesALevelThatDoesNotExist) {
  for (const int level : {-1, 3, 1000}) {
    expect_error(ErrorCode::kInvalidArgument, {"unknown log level"},
                 [&] { set_log_callback({}, static_cast<LogLevel>(level)); });
  }
  EXPECT_STREQ(to_string(static_cast<LogLevel>(7)), "unknown");
}

TEST_F(Log, ACallbackThatWasReplacedIsNotRunningAnyMore) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> tellers;
  for (int t = 0; t < 2; ++t) {
    tellers.emplace_back([&] {
      while (!stop) {
        log_message(LogLevel::kInfo, "busy");
        std::this_thread::yield();
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    std::atomic<int> heard{0};
    set_log_callback([&heard, own = alive.get()](LogLevel, const char*) {
      EXPECT_TRUE(*own);
      ++heard;
    });
    while (heard == 0) std::this_thread::yield();
    set_log_callback({});
    *alive = false;
    const int then = heard;
    std::this_thread::yield();
    EXPECT_EQ(heard, then);
  }
  stop = true;
  for (std::thread& teller : tellers) teller.join();
}

}  // namespace
}  // namespace lungrt
