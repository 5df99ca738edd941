/// Networks of a bundle compiled on this machine, in the user's cache (`lungrt compile`).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/bundle/bundle.h"
#include "lungrt/compiled.h"
#include "lungrt/goldens.h"

namespace lungrt {

/// Format of the artifacts that are not in a bundle but compiled from it.
inline constexpr const char* kCompiledFormat = "aotinductor";

/// Runtime that compiled code is loaded into.
struct CompiledRuntime {
  std::string version;     ///< e.g. "torch 2.13.0"
  std::string capability;  ///< instruction set that the runtime uses, e.g. "AVX512"
};

/// A network compiled for one input size. The compiled code does not check its input.
struct CompiledModel {
  std::filesystem::path file;
  std::vector<std::int64_t> input_shape;   ///< batch first, float32
  std::vector<std::int64_t> output_shape;  ///< batch first, float32, planes
  bool channels_last = false;              ///< input: channels last in memory
};

/// $XDG_CACHE_HOME/lungrt/compiled, or ~/.cache/lungrt/compiled.
/// \throws Error kIo if neither XDG_CACHE_HOME nor HOME is an absolute path
std::filesystem::path compiled_cache();

/// Folder of a network. It holds one folder for each input size, as `lungrt/compiled.h` says.
std::filesystem::path compiled_folder(const Bundle& bundle, StageKind kind, int member);

/// Finds the compiled forms of a network and checks each: compiled from these weights, for this
/// processor and runtime, by this user, and undamaged.
/// \throws Error kEngineUnavailable   if nothing is compiled, or for another processor
/// \throws Error kUnsupportedVersion  if it was compiled with another version of the runtime
/// \throws Error kBadBundle           for a damaged file, or one that other users can write to
std::vector<CompiledModel> find_compiled(const Bundle& bundle, const StageManifest& stage,
                                         const BundleNetwork& network,
                                         const CompiledRuntime& runtime);

/// Whether a network was compiled on this machine, for whatever processor and runtime.
bool is_compiled(const Bundle& bundle, StageKind kind, int member);

/// Goldens that were stored with the compiled forms of a network, one for each size. The forms
/// themselves are not checked.
/// \return empty if nothing is compiled
/// \throws Error kBadBundle, kUnsupportedVersion, kIo  if a record or golden is damaged
std::vector<Golden> compiled_goldens(const Bundle& bundle, const StageManifest& stage,
                                     const BundleNetwork& network);

/// The command that compiles a bundle, for messages.
std::string compile_command(const Bundle& bundle);

}  // namespace lungrt
