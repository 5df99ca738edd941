/// Reads safetensors files: eight bytes with the length of a JSON header, the header, the values.
///
/// Strict, and for float32 alone, which is all that `lungrt export` writes: what a file claims is
/// held against what it is before any of it is used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lungrt {

/// Float32 values in C order: the last axis is contiguous. A shape without axes has one value.
struct StoredTensor {
  std::vector<std::int64_t> shape;  ///< five axes at most, none negative
  std::vector<float> values;        ///< as many as the shape says; NaN and infinity are kept
};

/// Content of a file.
struct Safetensors {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;  ///< `__metadata__`; empty where there is none
};

/// Reads a whole file.
/// \throws Error kBadBundle  says what is not as the format demands, and where
/// \throws Error kIo         it cannot be read
Safetensors read_safetensors(const std::filesystem::path& file);

/// The same from memory.
/// \param where  names it in messages
/// \throws Error kBadBundle
Safetensors parse_safetensors(std::string_view bytes, const std::string& where);

}  // namespace lungrt
