#include "stages/batches.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lungrt {
namespace {

/// The first exception of any lane; once there is one, all stop.
class FirstFailure {
 public:
  bool happened() const { return happened_.load(std::memory_order_relaxed); }
  void keep(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    happened_ = true;
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::atomic<bool> happened_{false};
};

}  // namespace

void for_each_batch(
    std::int64_t total, std::int64_t batch, int lanes,
    const std::function<void(int lane, std::int64_t first, std::int64_t count)>& work,
    const std::function<void(std::int64_t done)>& step) {
  std::atomic<std::int64_t> next{0};
  std::atomic<std::int64_t> done{0};
  FirstFailure failure;
  const auto run_lane = [&](int lane) {
    try {
      while (!failure.happened()) {
        const std::int64_t first = next.fetch_add(batch);
        if (first >= total) return;
        const std::int64_t count = std::min(batch, total - first);
        work(lane, first, count);
        const std::int64_t finished = done += count;
        if (lane == 0 && finished < total) step(finished);
      }
    } catch (...) {
      failure.keep(std::current_exception());
    }
  };

  const std::int64_t batches = (total + batch - 1) / batch;
  {
    std::vector<std::jthread> others;
    for (int lane = 1; lane < std::min<std::int64_t>(lanes, batches); ++lane) {
      others.emplace_back(run_lane, lane);
    }
    run_lane(0);
  }  // joins
  failure.rethrow();
  step(total);
}

}  // namespace lungrt
