/// Progress, cancellation and limits of one run.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "lungrt/pipeline.h"

namespace lungrt {

/// Asked between batches and steps by whatever takes long, and before whatever takes much memory.
/// Used by the run's calling thread alone.
class RunControl {
 public:
  /// \param options  outlive this
  /// \throws Error kInvalidArgument for a limit that is negative or not a number
  explicit RunControl(const RunOptions& options);

  /// Reports progress, then ends the run where the caller wants that or a limit is reached.
  /// \throws Error kCancelled, kResourceLimit, and whatever the progress callback throws
  void step(const char* stage, std::int64_t done, std::int64_t total) const;

  /// The same without progress, between steps that have no number.
  /// \param where  for the message
  /// \throws Error kCancelled, kResourceLimit
  void check(const char* where) const;

  /// \throws Error kResourceLimit for more candidates than the options allow
  void check_candidates(std::int64_t count) const;

  /// Memory that the run counts as its own for as long as this lives.
  class Memory {
   public:
    Memory() = default;
    Memory(const RunControl& control, std::int64_t bytes) : control_(&control), bytes_(bytes) {}
    Memory(Memory&& other) noexcept
        : control_(std::exchange(other.control_, nullptr)), bytes_(other.bytes_) {}
    Memory& operator=(Memory&& other) noexcept {
      std::swap(control_, other.control_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Memory() {
      if (control_ != nullptr) control_->held_ -= bytes_;
    }

   private:
    const RunControl* control_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  /// To be called before that memory is allocated.
  /// \param stage, what  for the message
  /// \throws Error kResourceLimit where it is more than the options leave
  [[nodiscard]] Memory hold(const char* stage, const std::string& what, std::int64_t bytes) const;

  /// Whether somebody wants to know what memory is needed: some figures take time to find.
  bool limits_memory() const { return options_.max_memory_bytes > 0; }
  /// Most that was held at once so far.
  std::int64_t most_held_bytes() const { return most_held_; }

 private:
  const RunOptions& options_;
  std::chrono::steady_clock::time_point start_;
  mutable std::int64_t held_ = 0;
  mutable std::int64_t most_held_ = 0;
};

}  // namespace lungrt
