#include "stages/batches.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lungrt {
namespace {

/// Keeps the first exception of any stream, which makes all streams stop.
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

std::int64_t items_to_run(std::int64_t items, const SessionTraits& traits, std::int64_t least) {
  if (traits.fixed_batch) return traits.batch;
  const auto wanted = static_cast<std::uint64_t>(std::max(items, least));
  return std::min(static_cast<std::int64_t>(std::bit_ceil(wanted)), traits.batch);
}

void for_each_batch(
    std::int64_t total, std::int64_t batch, int streams,
    const std::function<void(int stream, std::int64_t first, std::int64_t count)>& work,
    const std::function<void(std::int64_t done)>& step) {
  std::atomic<std::int64_t> next{0};
  std::atomic<std::int64_t> done{0};
  FirstFailure failure;
  const auto run_stream = [&](int stream) {
    try {
      while (!failure.happened()) {
        const std::int64_t first = next.fetch_add(batch);
        if (first >= total) return;
        const std::int64_t count = std::min(batch, total - first);
        work(stream, first, count);
        const std::int64_t finished = done += count;
        if (stream == 0 && finished < total) step(finished);
      }
    } catch (...) {
      failure.keep(std::current_exception());
    }
  };

  const std::int64_t batches = (total + batch - 1) / batch;
  {
    std::vector<std::jthread> others;
    for (int stream = 1; stream < std::min<std::int64_t>(streams, batches); ++stream) {
      others.emplace_back(run_stream, stream);
    }
    run_stream(0);
  }  // joins
  failure.rethrow();
  step(total);
}

}  // namespace lungrt
