/// Which processor this is, as far as compiled code depends on it.
#pragma once

#include <string>

namespace lungrt {

struct Cpu {
  std::string model;   ///< e.g. "AMD EPYC", for people
  std::string digest;  ///< SHA-256 of the model and its instruction set flags
};

/// From the text of /proc/cpuinfo; what it lacks is empty.
Cpu parse_cpu(const std::string& cpuinfo);
/// \throws Error kIo where the system does not tell
Cpu this_cpu();

}  // namespace lungrt
