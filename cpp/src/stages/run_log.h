/// What a run tells of its stages (lungrt/log.h): counts and times, nothing of a patient.
#pragma once

#include <chrono>
#include <string>

#include "lungrt/error.h"
#include "lungrt/geometry.h"

namespace lungrt {

class Stopwatch {
 public:
  /// Seconds since construction or the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    last_ = now;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// "run: begins on a volume of 133 x 512 x 512 voxels"
/// \param what  run, or the one stage that is run alone
void log_run_begin(const char* what, const VolumeShape& shape) noexcept;
/// That it was given up, and as what; the message of the error may name places and is not told.
void log_run_given_up(const char* what, ErrorCode code) noexcept;

void log_stage_begin(const char* stage) noexcept;
/// \param figures  what came out of it, in words
void log_stage_end(const char* stage, double seconds, const std::string& figures) noexcept;

}  // namespace lungrt
