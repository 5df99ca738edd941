/// Networks of a bundle compiled on this machine, in the user's cache (`lungrt compile`).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/bundle.h"

namespace lungrt {

/// Format of the artifacts that are not in a bundle but compiled from it.
inline constexpr const char* kCompiledFormat = "aotinductor";

/// What would run compiled code, besides the processor.
struct CompiledRuntime {
  std::string version;     ///< e.g. "torch 2.13.0"
  std::string capability;  ///< instruction set that the runtime itself uses, e.g. "AVX512"
};

/// A network compiled for one size of its input. Nothing in the code checks what it is given.
struct CompiledModel {
  std::filesystem::path file;
  std::vector<std::int64_t> input_shape;   ///< batch first, float32
  std::vector<std::int64_t> output_shape;  ///< batch first, float32, planes
  bool interleaved = false;                ///< input: channels last in memory
};

/// $XDG_CACHE_HOME/lungrt/compiled, or ~/.cache/lungrt/compiled.
/// \throws Error kIo where neither variable names an absolute folder
std::filesystem::path compiled_cache();

/// Folder of a network: one folder in it for each size, named "<rows>x<columns>" for slices
/// (padded to the size multiple, without halo) and "<slices>x<rows>x<columns>" for crops.
std::filesystem::path compiled_folder(const Bundle& bundle, StageKind kind, int member);

/// What is compiled of a network, each checked: made from these weights, for this processor and
/// runtime, by this user, undamaged.
/// \throws Error kEngineUnavailable   nothing is compiled, or it is for another processor
/// \throws Error kUnsupportedVersion  compiled with another version of the runtime
/// \throws Error kBadBundle           a damaged file, or one that others may write
std::vector<CompiledModel> find_compiled(const Bundle& bundle, const StageManifest& stage,
                                         const BundleNetwork& network,
                                         const CompiledRuntime& runtime);

/// The command that compiles a bundle, for messages.
std::string compile_command(const Bundle& bundle);

}  // namespace lungrt
