/// Progress, cancellation and limits of one run.
#pragma once

#include <chrono>
#include <cstdint>

#include "lungrt/pipeline.h"

namespace lungrt {

/// Asked between batches by whatever takes long.
class RunControl {
 public:
  explicit RunControl(const RunOptions& options);

  /// Reports progress, then ends the run where the caller wants that or a limit is reached.
  /// \throws Error kCancelled, kResourceLimit, and whatever the progress callback throws
  void step(const char* stage, std::int64_t done, std::int64_t total) const;

  /// \throws Error kResourceLimit for more candidates than the options allow
  void check_candidates(std::int64_t count) const;

 private:
  const RunOptions& options_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace lungrt
