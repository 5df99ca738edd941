/// Progress bars on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lungrt::cli {

/// Progress of the stages in one line on stderr, which is erased at the end. Shows nothing if
/// stderr is not a terminal.
class Progress {
 public:
  explicit Progress(bool wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& stage, std::int64_t done, std::int64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  bool shown_;
  std::string stage_;
  Clock::time_point began_, drawn_;
};

}  // namespace lungrt::cli
