/// Reading of safetensors files: eight bytes with the length of a JSON header, the header, values.
///
/// Reads float32 tensors only, which is all that `lungrt export` writes, and validates the header
/// against the size of the file before it uses any of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lungrt {

/// A float32 tensor in C order: the last axis is contiguous. A shape without axes has one value.
struct StoredTensor {
  std::vector<std::int64_t> shape;  ///< at most five axes, none negative
  std::vector<float> values;        ///< the values; may contain NaN and infinity
};

/// Content of a safetensors file.
struct Safetensors {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;  ///< `__metadata__`; empty if there is none
};

/// Reads a file.
/// \throws Error kBadBundle  if it violates the format
/// \throws Error kIo         if it cannot be read
Safetensors read_safetensors(const std::filesystem::path& file);

/// Parses the content of a file.
/// \param where  name of the file, for messages
/// \throws Error kBadBundle
Safetensors parse_safetensors(std::string_view bytes, const std::string& where);

}  // namespace lungrt
