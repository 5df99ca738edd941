#include "progress.h"

#include <algorithm>
#include <cstdio>

#include "console.h"

namespace lungrt::cli {
namespace {

constexpr int kWidth = 40;
constexpr std::chrono::milliseconds kBetween(100);  // drawing takes processor time from the run
constexpr const char* kErase = "\r\033[K";

}  // namespace

Progress::Progress(bool wanted) : shown_(wanted && is_terminal(stderr)) {}

Progress::~Progress() {
  if (shown_ && !stage_.empty()) std::fputs(kErase, stderr);
}

void Progress::show(const std::string& stage, std::int64_t done, std::int64_t total) {
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (stage != stage_) {
    stage_ = stage;
    began_ = now;
  } else if (now - drawn_ < kBetween && done < total) {
    return;
  }
  drawn_ = now;
  const auto filled = static_cast<int>(total <= 0 ? 0 : kWidth * std::min(done, total) / total);
  std::string bar;
  for (int i = 0; i < kWidth; ++i) bar += i < filled ? "━" : " ";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - began_).count();
  std::fprintf(stderr, "%s%-10s %s %lld/%lld %lld:%02lld", kErase, stage.c_str(), bar.c_str(),
               static_cast<long long>(done), static_cast<long long>(total),
               static_cast<long long>(seconds / 60), static_cast<long long>(seconds % 60));
  std::fflush(stderr);
}

}  // namespace lungrt::cli
