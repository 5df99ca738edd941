/// Identification of the processor, as far as compiled code depends on it.
#pragma once

#include <string>

namespace lungrt {

struct Cpu {
  std::string model;   ///< e.g. "AMD EPYC", for messages
  std::string digest;  ///< SHA-256 of the model and its instruction set flags
};

/// Parses the text of /proc/cpuinfo; entries that it lacks are left empty.
Cpu parse_cpu(const std::string& cpuinfo);
/// The processor of this machine.
/// \throws Error kIo if /proc/cpuinfo cannot be read
Cpu this_cpu();

}  // namespace lungrt
