/// Networks of a bundle compiled on this machine (`lungrt compile`): where they are kept, and the
/// record that the engine checks before it loads their code.
///
/// `<cache>/<SHA-256 of manifest.json>/<stage>/member-<N>/<size>/` holds the code, the record and a
/// golden. Compiled code works on one kind of processor only, so it is never part of a bundle.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lungrt/error.h"
#include "lungrt/export.h"

namespace lungrt {

inline constexpr const char* kCompiledCode = "model.pt2";             ///< file of the code
inline constexpr const char* kCompiledRecord = "model.json";          ///< file of the record
inline constexpr const char* kCompiledGolden = "golden.safetensors";  ///< file of the golden

/// A network compiled for one input size.
struct CompiledNetwork {
  std::string stage;                       ///< segmentation, nodule or malignancy
  int member = 0;                          ///< number of the network in its ensemble, from 0
  std::string runtime;                     ///< what has to run the code, e.g. "torch 2.13.0"
  std::string capability;                  ///< instruction set that the runtime uses, e.g. "AVX2"
  std::vector<std::int64_t> input_shape;   ///< batch first, float32
  std::vector<std::int64_t> output_shape;  ///< batch first, float32
  bool channels_last = false;              ///< input: channels last in memory
  std::string checkpoint_sha256;           ///< of the checkpoint, when the weights were read
  std::string weights_sha256;              ///< of the weights that were compiled
};

/// Folder of a network compiled for one size, in the user's cache. It need not exist.
/// \param size  rows and columns of a slice, padded to the size multiple, without halo; or slices,
///              rows and columns of a crop
/// \throws Error kIo (no cache), kBadBundle, kUnsupportedVersion
/// \throws Error kInvalidArgument  if there is no such network, or for another number of sizes
LUNGRT_API std::string compiled_folder(const std::string& bundle, const std::string& stage,
                                       int member, const std::vector<std::int64_t>& size);

/// Writes down what the engine checks before it loads compiled code: the runtime, this processor,
/// the checkpoint, the weights, the shapes and the hashes of the code and the golden.
/// \param bundle  bundle that was compiled
/// \param folder  folder that holds the code and the golden
/// \return text of the record
/// \throws Error kIo, kBadBundle, kUnsupportedVersion  if the bundle, the code or the golden cannot
///                                                     be read
/// \throws Error kBadBundle  if the bundle has another checkpoint or other weights than those that
///                           were compiled, because it was replaced in the meantime
/// \throws Error kInvalidArgument  if the network is not one of the bundle or has no weights, or if
///                                 its shapes do not fit the bundle's input contract
LUNGRT_API std::string compiled_record(const std::string& bundle, const std::string& folder,
                                       const CompiledNetwork& network);

}  // namespace lungrt
