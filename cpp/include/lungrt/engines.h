/// Which inference engines this machine has.
#pragma once

#include <string>
#include <vector>

#include "lungrt/export.h"

namespace lungrt {

struct EngineInfo {
  std::string name;             ///< as PipelineOptions::engine takes it
  std::string artifact_format;  ///< of the bundle's artifacts that it runs
  bool available = false;
  std::string version;               ///< of the runtime behind it, e.g. "torch 2.13.0"
  std::string library;               ///< path of the engine's library, where one was found
  std::string reason;                ///< why it is not available
  std::vector<std::string> devices;  ///< "cpu", "cuda:0 (NVIDIA H100)", ...
};

/// Every engine this build knows, present or not. Engines are loaded to find out.
LUNGRT_API std::vector<EngineInfo> engines();

/// Folder that holds libtorch_cpu.so, for a torch that is not installed beside lungrt. Takes effect
/// for engines that were not loaded yet.
LUNGRT_API void set_torch_library_folder(const std::string& folder);

}  // namespace lungrt
