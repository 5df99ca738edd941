/// Wrapper of a run, and the log lines of a run and its stages (lungrt/log.h): counts and times,
/// nothing about the patient.
#pragma once

#include <chrono>
#include <new>
#include <string>

#include "core/text.h"
#include "lungrt/error.h"
#include "lungrt/geometry.h"
#include "lungrt/volume.h"

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

/// Logs "run: started on a volume of 133 x 512 x 512 voxels (slices x rows x columns)".
/// \param what  "run", or the name of the stage that is run alone
void log_run_begin(const char* what, const VolumeShape& shape) noexcept;
/// Logs that the run ended with an error. Only the code: the message may name files or voxels.
void log_run_given_up(const char* what, ErrorCode code) noexcept;

void log_stage_begin(const char* stage) noexcept;
/// \param figures  the results in short, e.g. "7 nodules"; may be empty
void log_stage_end(const char* stage, double seconds, const std::string& figures) noexcept;

/// Calls `body`, logs its start and errors, and turns std::bad_alloc into Error kOutOfMemory.
/// \param what  for the log: "run", or the name of a stage
template <typename Body>
auto within_memory(const char* what, const CtVolume& volume, Body&& body) {
  log_run_begin(what, volume.shape());
  try {
    return body();
  } catch (const Error& error) {
    log_run_given_up(what, error.code());
    throw;
  } catch (const std::bad_alloc&) {
    log_run_given_up(what, ErrorCode::kOutOfMemory);
    throw Error(ErrorCode::kOutOfMemory, "out of memory for a volume of " +
                                             text::extent(volume.shape()) +
                                             " voxels (slices x rows x columns)");
  }
}

}  // namespace lungrt
