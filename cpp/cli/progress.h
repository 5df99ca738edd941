/// A progress bar for each stage, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lungrt::cli {

/// Shows a stage on stderr, in one line that is gone in the end; nothing where that is no terminal.
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
