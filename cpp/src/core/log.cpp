#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "core/logging.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

constexpr int kSilent = static_cast<int>(LogLevel::kWarning) + 1;

/// A callback and the number of its calls that are running.
class Listener {
 public:
  Listener(LogCallback callback, LogLevel lowest)
      : callback_(std::move(callback)), lowest_(lowest) {}
  LogLevel lowest() const { return lowest_; }
  const LogCallback& callback() const { return callback_; }
  int running = 0;  ///< guarded by the switchboard's mutex

 private:
  LogCallback callback_;
  LogLevel lowest_;
};

/// The one listener of the process.
class Switchboard {
 public:
  static Switchboard& instance() {
    static Switchboard* board = new Switchboard;  // never destroyed: threads may outlive main
    return *board;
  }

  bool wanted(LogLevel level) const noexcept {
    return static_cast<int>(level) >= lowest_.load(std::memory_order_relaxed);
  }

  void set(LogCallback callback, LogLevel lowest) {
    std::shared_ptr<Listener> next;
    if (callback) next = std::make_shared<Listener>(std::move(callback), lowest);
    std::unique_lock lock(mutex_);
    listener_.swap(next);
    lowest_ = listener_ ? static_cast<int>(lowest) : kSilent;
    if (next) idle_.wait(lock, [&] { return next->running == 0; });
  }

  void send(LogLevel level, const std::string& message) {
    if (in_callback()) return;
    std::shared_ptr<Listener> listener;
    {
      const std::lock_guard lock(mutex_);
      if (!listener_ || level < listener_->lowest()) return;
      listener = listener_;
      ++listener->running;
    }
    in_callback() = true;
    try {
      listener->callback()(level, message.c_str());
    } catch (...) {
      // A failing log callback must not end the diagnosis; see LogCallback.
    }
    in_callback() = false;
    const std::lock_guard lock(mutex_);
    if (--listener->running == 0) idle_.notify_all();
  }

  /// Whether this thread is within the callback.
  static bool& in_callback() {
    thread_local bool within = false;
    return within;
  }

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  std::shared_ptr<Listener> listener_;
  std::atomic<int> lowest_{kSilent};
};

}  // namespace

const char* to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
  }
  return "unknown";  // a value outside the enumeration
}

void set_log_callback(LogCallback callback, LogLevel lowest) {
  if (lowest < LogLevel::kDebug || lowest > LogLevel::kWarning) {
    throw Error(ErrorCode::kInvalidArgument, "unknown log level " +
                                                 std::to_string(static_cast<int>(lowest)) +
                                                 ": expected 0 (debug), 1 (info) or 2 (warning)");
  }
  if (Switchboard::in_callback()) {
    throw Error(ErrorCode::kInvalidArgument,
                "the log callback cannot be changed from within itself, because the change would "
                "wait for it to return; change it from outside the callback");
  }
  Switchboard::instance().set(std::move(callback), lowest);
}

bool log_wanted(LogLevel level) noexcept { return Switchboard::instance().wanted(level); }

void log_message(LogLevel level, const std::string& message) noexcept {
  try {
    if (log_wanted(level)) Switchboard::instance().send(level, message);
  } catch (...) {
    return;  // a mutex that cannot be locked costs the message, not the work
  }
}

}  // namespace lungrt
