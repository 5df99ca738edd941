#include "lungrt/device.h"

#include <sched.h>

#include <algorithm>
#include <charconv>

#include "lungrt/error.h"

namespace lungrt {

Device parse_device(const std::string& text) {
  if (text == "cpu") return {DeviceKind::kCpu, 0};
  if (text == "cuda") return {DeviceKind::kCuda, 0};
  constexpr std::string_view kPrefix = "cuda:";
  if (text.rfind(kPrefix, 0) == 0) {
    int index = -1;
    const char* first = text.data() + kPrefix.size();
    const char* last = text.data() + text.size();
    const auto [end, status] = std::from_chars(first, last, index);
    if (status == std::errc() && end == last && index >= 0) return {DeviceKind::kCuda, index};
  }
  throw Error(ErrorCode::kInvalidArgument,
              "unknown device '" + text + "': expected cpu, cuda, cuda:N or auto");
}

std::string to_string(const Device& device) {
  return device.kind == DeviceKind::kCpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

int available_threads() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return std::max(1, CPU_COUNT(&allowed));
}

}  // namespace lungrt
