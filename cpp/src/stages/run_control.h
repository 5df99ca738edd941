/// Progress, cancellation and limits of one run, and the sizes that count towards its memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "lungrt/geometry.h"
#include "lungrt/pipeline.h"

namespace lungrt {

/// Checks a run's cancellation and time limit between batches and steps, and its memory limit
/// before large allocations. Used by the run's calling thread only.
class RunControl {
 public:
  /// \param options  must outlive this object
  /// \throws Error kInvalidArgument for a limit that is negative or not a number
  explicit RunControl(const RunOptions& options);

  /// Reports progress, then ends the run if it was cancelled or has reached a limit.
  /// \throws Error kCancelled, kResourceLimit, and whatever the progress callback throws
  void step(const char* stage, std::int64_t done, std::int64_t total) const;

  /// The same without progress, for steps that are not counted.
  /// \param where  the stage, for the message
  /// \throws Error kCancelled, kResourceLimit
  void check(const char* where) const;

  /// \throws Error kResourceLimit for more candidates than the options allow
  void check_candidates(std::int64_t count) const;

  /// Memory that counts towards the run's limit while this object lives.
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

  /// Counts memory; to be called before it is allocated.
  /// \param stage, what  for the message: "stage STAGE: WHAT needs N bytes, ..."
  /// \throws Error kResourceLimit where it would exceed the limit
  [[nodiscard]] Memory hold(const char* stage, const std::string& what, std::int64_t bytes) const;

  /// Whether there is a memory limit; without one, figures that take time to compute are not
  /// needed.
  bool limits_memory() const { return options_.max_memory_bytes > 0; }
  /// Largest number of bytes held at the same time so far.
  std::int64_t most_held_bytes() const { return most_held_; }

 private:
  const RunOptions& options_;
  std::chrono::steady_clock::time_point start_;
  mutable std::int64_t held_ = 0;
  mutable std::int64_t most_held_ = 0;
};

/// Bytes of a NoduleMask, which count towards the memory limit.
inline std::int64_t mask_bytes(const VolumeShape& shape) {
  return shape.slices * shape.rows * ((shape.columns + 63) / 64) * 8;
}

/// Upper bound for one candidate during classification: the candidate, its voxel, probabilities,
/// finding and possible nodule, with the spare capacity of growing lists.
inline constexpr std::int64_t kBytesPerCandidate = 1024;

}  // namespace lungrt
