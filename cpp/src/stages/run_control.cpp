#include "stages/run_control.h"

#include <sstream>

#include "lungrt/error.h"

namespace lungrt {

RunControl::RunControl(const RunOptions& options)
    : options_(options), start_(std::chrono::steady_clock::now()) {
  if (options.max_candidates < 0 || !(options.max_seconds >= 0.0)) {
    throw Error(ErrorCode::kInvalidArgument,
                "max_candidates and max_seconds must not be negative (0: no limit)");
  }
}

void RunControl::step(const char* stage, std::int64_t done, std::int64_t total) const {
  if (options_.progress) options_.progress(stage, done, total);
  if (options_.cancelled && options_.cancelled()) {
    throw Error(ErrorCode::kCancelled, std::string("cancelled while in stage ") + stage);
  }
  if (options_.max_seconds > 0.0) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
    if (elapsed.count() > options_.max_seconds) {
      std::ostringstream message;
      message << "the run took longer than max_seconds = " << options_.max_seconds << " (stage "
              << stage << ", " << done << " of " << total << ")";
      throw Error(ErrorCode::kResourceLimit, message.str());
    }
  }
}

void RunControl::check_candidates(std::int64_t count) const {
  if (options_.max_candidates > 0 && count > options_.max_candidates) {
    throw Error(ErrorCode::kResourceLimit, "the segmentation proposes " + std::to_string(count) +
                                               " candidates, more than max_candidates = " +
                                               std::to_string(options_.max_candidates) +
                                               "; is this a chest CT in Hounsfield units?");
  }
}

}  // namespace lungrt
