/// Inference engines and whether they are available on this machine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

/// An inference engine.
struct EngineInfo {
  std::string name;                  ///< name for PipelineOptions::engine
  std::string artifact_format;       ///< format of the bundle's artifacts that the engine runs
  bool available = false;            ///< whether the engine can be used on this machine
  std::string version;               ///< version of the engine's runtime, e.g. "torch 2.13.0"
  std::string library;               ///< path of the engine's library; empty if it was not found
  std::string reason;                ///< why the engine is not available; empty if it is
  std::vector<std::string> devices;  ///< "cpu (avx2)", "cuda:0 (NVIDIA H100)", ...
  /// Supported values of PipelineOptions::precision, by device ("cpu", "cuda:0").
  std::map<std::string, std::vector<std::string>> precisions;
};

/// Lists every engine that this build knows, available or not. Loads the engines to find out.
LUNGRT_API std::vector<EngineInfo> engines();

/// The list as JSON text: an array with one object for each engine, whose keys are the names of the
/// fields of EngineInfo.
LUNGRT_API std::string to_json(const std::vector<EngineInfo>& engines);

/// Sets the folder that holds the libraries of an engine's runtime (libtorch_cpu.so,
/// libonnxruntime.so), for a runtime that the engine does not find by itself. Has no effect on an
/// engine that is already loaded.
/// \throws Error kInvalidArgument for an engine that this build does not know
LUNGRT_API void set_engine_runtime_folder(const std::string& engine, const std::string& folder);

/// Adds a folder that may hold an engine's own library (liblungrt_<engine>.so). It is searched
/// after LUNGRT_ENGINE_PATH and the core's folder. Has no effect on an engine already loaded.
/// \param folder      the folder; empty for none
/// \param how_to_get  advice for the error message if no folder has the library, e.g. "install the
///                    package x"
/// \throws Error kInvalidArgument for an engine that this build does not know
LUNGRT_API void set_engine_library_folder(const std::string& engine, const std::string& folder,
                                          const std::string& how_to_get = "");

}  // namespace lungrt
