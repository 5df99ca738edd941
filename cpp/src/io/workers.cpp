#include "io/workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lungrt/device.h"
#include "lungrt/error.h"

namespace lungrt::io {
namespace {

constexpr int kMostThreads = 8;  // more do not make disks and page caches faster

}  // namespace

void Workers::for_each(std::size_t count, const std::function<void(std::size_t)>& work) const {
  std::atomic<std::size_t> next = 0;
  std::mutex guard;  // guards the next two variables and calls of `cancelled`
  std::exception_ptr failure;
  std::size_t failed = count;

  const auto run = [&] {
    while (true) {
      const std::size_t index = next++;
      if (index >= count) return;
      try {
        if (cancelled) {
          const std::lock_guard<std::mutex> lock(guard);
          if (cancelled()) throw Error(ErrorCode::kCancelled, "cancelled while reading files");
        }
        work(index);
      } catch (...) {
        next = count;
        const std::lock_guard<std::mutex> lock(guard);
        if (index < failed) {
          failed = index;
          failure = std::current_exception();
        }
      }
    }
  };

  std::vector<std::thread> others;
  const std::size_t most = std::min(static_cast<std::size_t>(threads), count);
  try {
    while (others.size() + 1 < most) others.emplace_back(run);
  } catch (const std::system_error&) {
    // The system refuses another thread: the ones that were started do the work.
  }
  run();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

int reading_threads(int wanted) {
  if (wanted < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "threads is " + std::to_string(wanted) +
                    ", expected a number of threads, or 0 for every processor");
  }
  return wanted == 0 ? std::min(kMostThreads, available_threads()) : wanted;
}

}  // namespace lungrt::io
