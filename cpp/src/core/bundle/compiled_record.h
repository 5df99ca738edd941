/// `model.json`, which `lungrt compile` writes beside compiled code: read and written here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/bundle/bundle.h"

namespace lungrt {

/// Content of a `model.json`.
struct CompiledRecord {
  std::string runtime;  ///< e.g. "torch 2.13.0"
  std::string cpu_model, cpu_digest, cpu_capability;
  std::string checkpoint_sha256, weights_sha256;
  std::vector<std::int64_t> input_shape, output_shape;
  bool channels_last = false;
  BundleFile model;   ///< the compiled code, in the folder of the record
  BundleFile golden;  ///< an input of this size and the eager module's output, in the same folder
};

/// Reads a record and checks its shapes against the stage's input contract.
/// \throws Error kBadBundle (damaged), kUnsupportedVersion (written by another lungrt), kIo
CompiledRecord read_compiled_record(const std::filesystem::path& file, const StageManifest& stage);

/// Parses a record from memory.
/// \param where  name of the file, for messages
/// \throws Error kBadBundle, kUnsupportedVersion
CompiledRecord parse_compiled_record(std::string_view text, const std::string& where,
                                     const StageManifest& stage);

/// Text of a record.
std::string to_text(const CompiledRecord& record);

}  // namespace lungrt
