#include "stages/run_log.h"

#include "core/logging.h"
#include "core/text.h"

namespace lungrt {

void log_run_begin(const char* what, const VolumeShape& shape) noexcept {
  log_lazily(LogLevel::kInfo, [&] {
    return std::string(what) + ": started on a volume of " + text::extent(shape) +
           " voxels (slices x rows x columns)";
  });
}

void log_run_given_up(const char* what, ErrorCode code) noexcept {
  log_lazily(LogLevel::kInfo,
             [&] { return std::string(what) + ": stopped with " + to_string(code); });
}

void log_stage_begin(const char* stage) noexcept {
  log_lazily(LogLevel::kInfo, [&] { return std::string(stage) + ": started"; });
}

void log_stage_end(const char* stage, double seconds, const std::string& figures) noexcept {
  log_lazily(LogLevel::kInfo, [&] {
    return std::string(stage) + ": done in " + text::number(seconds) + " s" +
           (figures.empty() ? "" : ", " + figures);
  });
}

}  // namespace lungrt
