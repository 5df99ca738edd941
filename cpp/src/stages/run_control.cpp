#include "stages/run_control.h"

#include <algorithm>

#include "core/text.h"
#include "lungrt/error.h"

namespace lungrt {

RunControl::RunControl(const RunOptions& options)
    : options_(options), start_(std::chrono::steady_clock::now()) {
  const auto require = [](bool fits, const char* name) {
    if (fits) return;
    throw Error(ErrorCode::kInvalidArgument,
                std::string(name) + " must be 0 (no limit) or a positive number");
  };
  require(options.max_candidates >= 0, "max_candidates");
  require(options.max_seconds >= 0.0, "max_seconds");  // also refuses NaN
  require(options.max_memory_bytes >= 0, "max_memory_bytes");
}

void RunControl::step(const char* stage, std::int64_t done, std::int64_t total) const {
  // Callbacks divide by the total.
  if (options_.progress && total > 0) options_.progress(stage, done, total);
  check(stage);
}

void RunControl::check(const char* where) const {
  if (options_.cancelled && options_.cancelled()) {
    throw Error(ErrorCode::kCancelled, std::string("cancelled while in stage ") + where);
  }
  if (options_.max_seconds <= 0.0) return;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  if (elapsed.count() > options_.max_seconds) {
    throw Error(ErrorCode::kResourceLimit,
                "the run has taken " + text::number(elapsed.count()) +
                    " s, longer than max_seconds = " + text::number(options_.max_seconds) +
                    ", and is still in stage " + where +
                    "; raise the limit, use more threads, or search the lung field only (profile "
                    "'lung')");
  }
}

void RunControl::check_candidates(std::int64_t count) const {
  if (options_.max_candidates > 0 && count > options_.max_candidates) {
    throw Error(ErrorCode::kResourceLimit, "the segmentation found " + std::to_string(count) +
                                               " candidates, more than max_candidates = " +
                                               std::to_string(options_.max_candidates) +
                                               "; is this a chest CT in Hounsfield units?");
  }
}

RunControl::Memory RunControl::hold(const char* stage, const std::string& what,
                                    std::int64_t bytes) const {
  if (limits_memory() && bytes > options_.max_memory_bytes - held_) {
    throw Error(
        ErrorCode::kResourceLimit,
        std::string("stage ") + stage + ": " + what + " needs " + text::grouped(bytes) +
            " bytes, but the run already holds " + text::grouped(held_) +
            " bytes and may hold max_memory_bytes = " + text::grouped(options_.max_memory_bytes) +
            " in total; raise the limit, or use fewer threads");
  }
  held_ += bytes;
  most_held_ = std::max(most_held_, held_);
  return {*this, bytes};
}

}  // namespace lungrt
