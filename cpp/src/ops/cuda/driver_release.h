/// Which NVIDIA driver is installed, and which one a CUDA core needs.
#pragma once

#include <cctype>
#include <fstream>
#include <sstream>
#include <string>

namespace lungrt::ops::cuda {

/// "12.8" of 12080, the form in which CUDA reports versions.
inline std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// First driver release that runs programs built with a CUDA of this version (minor versions of
/// one major version are compatible): https://docs.nvidia.com/deploy/cuda-compatibility
constexpr int first_driver_of(int cuda) { return cuda >= 13000 ? 580 : 525; }

/// Release of the kernel's NVIDIA driver, e.g. "550.54.14"; empty where there is none.
/// \param file  what the driver says about itself
inline std::string driver_release(const char* file = "/proc/driver/nvidia/version") {
  std::ifstream text(file);
  for (std::string word; text >> word;) {
    // The first word of the form 550.54 or 550.54.14.
    const std::size_t dot = word.find('.');
    if (dot == std::string::npos || dot < 3) continue;
    bool digits = word.back() != '.';
    for (const char c : word) digits = digits && (c == '.' || std::isdigit(c) != 0);
    if (digits) return word;
  }
  return {};
}

/// Says that the driver is too old for a CUDA core, and what to do.
/// \param built_with  CUDA that the core was built with
/// \param supported   newest CUDA that the driver supports
/// \param release     see driver_release(); may be empty
inline std::string driver_too_old(int built_with, int supported, const std::string& release) {
  std::ostringstream text;
  text << "the NVIDIA driver" << (release.empty() ? "" : " " + release) << " supports CUDA "
       << cuda_version(supported) << ", but this CUDA core was built with CUDA "
       << cuda_version(built_with) << " and needs driver " << first_driver_of(built_with)
       << " or newer; update the driver";
  if (built_with >= 13000 && supported >= 12000) {
    text << ", or install a CUDA core that was built with CUDA 12.8, which needs driver "
         << first_driver_of(12080);
  }
  return text.str();
}

}  // namespace lungrt::ops::cuda
