#include "core/cpu.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "core/bundle/sha256.h"
#include "lungrt/error.h"

namespace lungrt {
namespace {

/// Value of the first line "key : value"; empty if there is none.
std::string value_of(const std::string& cpuinfo, const std::string& key) {
  std::istringstream stream(cpuinfo);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    if (line.substr(0, end + 1) != key) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

Cpu parse_cpu(const std::string& cpuinfo) {
  Cpu cpu{value_of(cpuinfo, "model name"), ""};
  // Sorted: kernels list the same flags in different orders.
  std::istringstream words(value_of(cpuinfo, "flags"));
  const std::set<std::string> flags{std::istream_iterator<std::string>(words), {}};
  std::string text = cpu.model;
  for (const std::string& flag : flags) text += "\n" + flag;
  cpu.digest = sha256(text.data(), text.size());
  return cpu;
}

Cpu this_cpu() {
  // Read once, and only the first processor: the kernel needs milliseconds to list each of them.
  static const Cpu cpu = [] {
    std::ifstream stream("/proc/cpuinfo");
    std::string text;
    for (std::string line; std::getline(stream, line) && !line.empty();) text += line + "\n";
    if (text.empty()) {
      throw Error(ErrorCode::kIo, "cannot read /proc/cpuinfo to identify the processor");
    }
    return parse_cpu(text);
  }();
  return cpu;
}

}  // namespace lungrt
