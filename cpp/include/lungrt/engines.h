/// Which inference engines this machine has.
#pragma once

#include <map>
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
  /// What PipelineOptions::precision may be, by device ("cpu", "cuda:0")
  std::map<std::string, std::vector<std::string>> precisions;
};

/// Every engine this build knows, present or not. Engines are loaded to find out.
LUNGRT_API std::vector<EngineInfo> engines();

/// Folder that holds the libraries of an engine's runtime (libtorch_cpu.so, libonnxruntime.so), for
/// one that is not found where the engine itself looks. Takes effect for an engine that was not
/// loaded yet.
/// \throws Error kInvalidArgument for a name this build does not know
LUNGRT_API void set_engine_runtime_folder(const std::string& engine, const std::string& folder);

/// One more folder that may hold an engine's own library (liblungrt_<engine>.so): looked at after
/// LUNGRT_ENGINE_PATH and the core's folder. Takes effect for an engine that was not loaded yet.
/// \param folder      empty for none
/// \param how_to_get  told where no folder has the library, e.g. "install the package x"
/// \throws Error kInvalidArgument for a name this build does not know
LUNGRT_API void set_engine_library_folder(const std::string& engine, const std::string& folder,
                                          const std::string& how_to_get = "");

}  // namespace lungrt
